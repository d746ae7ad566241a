// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The areas of a process.
#include "engine/kernel/maple_tree.h"

// manifest: "path": "maple_range_64.pivot[]"
kernel_struct vm_area_struct {
    u64 vm_start;
};
VIEW(it, SUMMARY("x"))(kp<maple_tree> tree) {
    u64 sum = 0;
    for (auto area : maple_of(vm_area_struct, tree)) sum += area->vm_start;
    return sum;
}
