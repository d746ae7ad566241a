// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A cgroup's path, as /proc/PID/cgroup prints it (kernfs_path_from_node() in fs/kernfs/dir.c). Many
// tasks share few cgroups, so it is a view of its own: `process` gives the address.
#include "engine/kernel/structs.h"
#include "engine/routines/views/records.h"

namespace {

kp<kernfs_node> parent_of(kp<kernfs_node> node) {
    if (exists(kernfs_node___rcu_parent, __parent))
        return pointer_from<kernfs_node___rcu_parent>(address_of(node))->__parent;
    return node->parent;
}

}  // namespace

VIEW(cgroup_path, SUMMARY("the path of one cgroup"), FUEL(4000))(kp<cgroup> group) {
    const auto record = emit<DefibCgroupRecord>(DEFIB_RECORD_CGROUP);
    record->cgroup = address_of(group);
    u32 used = 0;
    kp<kernfs_node> node = group->kn;
    // The root has no parent, and its name is empty.
    for (auto parent = parent_of(node); parent != nullptr; parent = parent_of(node)) {
        const kp<const char> name = node->name;
        for (u32 i = 0;; ++i) {
            if (used == sizeof(record->names)) return;
            const char letter = name[i];
            record->names[used++] = letter;
            if (letter == 0) break;
        }
        ++record->levels;
        node = parent;
    }
    record->is_whole = 1;
}
