// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A red-black tree in order.
#include "engine/kernel/rbtree.h"

// manifest: "path": "rb_node.rb_left"
kernel_struct entity {
    rb_node run_node;
    u64 vruntime;
};
VIEW(it, SUMMARY("x"))(kp<rb_root> root) {
    u64 sum = 0;
    for (auto each : rbtree_of(entity, run_node, root)) sum += each->vruntime;
    return sum;
}
