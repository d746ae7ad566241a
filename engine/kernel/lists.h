// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks of the kernel's linked lists:
//
//   for (auto task : list_of(task_struct, tasks, &init->tasks)) ...
//
// What such a walk gives may be stored through where the list's head is declared with HOLDS; else
// it is a found pointer. A list may change, be torn or be circular while it is walked. Every step
// costs fuel, a null ends the walk, and an address that is no kernel address ends the routine.
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

// struct list_head: circular, the head is one of the ring.
template <class T, T (*holder_of)(kp<list_head>)>
inline NodeWalk<list_head, T, holder_of> ring_walk(kp<list_head> head) {
    return {head->next, head};
}
// struct hlist_head and llist_head: end with null.
template <class Node, class T, T (*holder_of)(kp<Node>), class Head>
inline NodeWalk<Node, T, holder_of> chain_walk(kp<Head> head) {
    return {head->first, nullptr};
}

#define DEFIB_HOLDER(Node, T, member) +[](kp<Node> node) { return container_of(node, T, member); }
#define list_of(T, member, head) (ring_walk<kp<T>, DEFIB_HOLDER(list_head, T, member)>((head)))
#define hlist_of(T, member, head) \
    (chain_walk<hlist_node, kp<T>, DEFIB_HOLDER(hlist_node, T, member)>((head)))
#define llist_of(T, member, head) \
    (chain_walk<llist_node, kp<T>, DEFIB_HOLDER(llist_node, T, member)>((head)))

#endif
