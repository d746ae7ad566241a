// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A red-black tree in order, read only: rb_first() and rb_next() of lib/rbtree.c.
//
//   for (auto entity : rbtree_of(sched_entity, run_node, &cfs->tasks_timeline.rb_root)) ...
#ifndef DEFIB_ENGINE_KERNEL_RBTREE_H
#define DEFIB_ENGINE_KERNEL_RBTREE_H

#include "engine/kernel/structs.h"

inline kp<rb_node> rbtree_leftmost(kp<rb_node> node) {
    while (node != nullptr && node->rb_left != nullptr) node = node->rb_left;
    return node;
}
// The colour is in the low bits: rb_parent() in include/linux/rbtree.h.
inline kp<rb_node> rbtree_parent(kp<rb_node> node) {
    return pointer_from<rb_node>(node->__rb_parent_color & ~u64{3});
}
inline kp<rb_node> rbtree_next(kp<rb_node> node) {
    if (node->rb_right != nullptr) return rbtree_leftmost(node->rb_right);
    kp<rb_node> parent = rbtree_parent(node);
    while (parent != nullptr && parent->rb_right == node) {
        node = parent;
        parent = rbtree_parent(node);
    }
    return parent;
}

template <class T, T (*holder_of)(kp<rb_node>)>
struct RbtreeWalk {
    struct Position {
        kp<rb_node> node;

        bool operator!=(const Position&) const { return node != nullptr; }
        Position& operator++() {
            node = rbtree_next(node);
            return *this;
        }
        T operator*() const { return holder_of(node); }
    };

    kp<rb_root> root;

    Position begin() const { return {rbtree_leftmost(root->rb_node)}; }
    Position end() const { return {nullptr}; }
};

#define rbtree_of(T, member, root) \
    (RbtreeWalk<kp<T>, +[](kp<rb_node> node) { return container_of(node, T, member); }>{(root)})

#endif
