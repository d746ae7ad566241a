// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks of the kernel's linked lists:
//
//   for (auto task : list_of(task_struct, tasks, &init->tasks)) ...
//
// A list may change, be torn or be circular while it is walked. Every step costs fuel, a null ends
// the walk, and an address that is no kernel address ends the routine.
#ifndef DEFIB_ENGINE_KERNEL_LISTS_H
#define DEFIB_ENGINE_KERNEL_LISTS_H

#include "engine/kernel/structs.h"

// What comes after a node; null or the head's own address is the end.
template <class Node, class T, T (*holder_of)(kp<Node>)>
struct NodeWalk {
    struct Position {
        kp<Node> node;
        kp<Node> end;

        bool operator!=(const Position&) const { return node != nullptr && node != end; }
        Position& operator++() {
            node = node->next;
            return *this;
        }
        T operator*() const { return holder_of(node); }
    };

    kp<Node> first;
    kp<Node> last;

    Position begin() const { return {first, last}; }
    Position end() const { return {nullptr, last}; }
};

#define DEFIB_WALK(Node, T, member, first, end)                                                   \
    (NodeWalk<Node, kp<T>, +[](kp<Node> node) { return container_of(node, T, member); }>{(first), \
                                                                                         (end)})

// struct list_head: circular, the head is one of the ring.
#define list_of(T, member, head) DEFIB_WALK(list_head, T, member, (head)->next, (head))
// struct hlist_head and llist_head: end with null.
#define hlist_of(T, member, head) DEFIB_WALK(hlist_node, T, member, (head)->first, nullptr)
#define llist_of(T, member, head) DEFIB_WALK(llist_node, T, member, (head)->first, nullptr)

#endif
