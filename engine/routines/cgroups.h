// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The cgroup that a process is in, its controllers, and what lies below it.
#ifndef DEFIB_ENGINE_ROUTINES_CGROUPS_H
#define DEFIB_ENGINE_ROUTINES_CGROUPS_H

#include "engine/routines/who.h"

kernel_struct cgroup_subsys_state {
    kp<cgroup> cgroup;
    kp<cgroup_subsys_state> parent;
    list_head sibling;
    list_head children;
};
kernel_struct cgroup___subsystems {
    s32 level;
    kp<cgroup_subsys_state> subsys[1];  // CGROUP_SUBSYS_COUNT, by the configuration
};
kernel_part cgroup_freezer_state {
    u8 freeze;     // as cgroup.freeze says
    s32 e_freeze;  // of how many cgroups, itself and above it, that is so
};
kernel_struct cgroup___tree {
    cgroup_subsys_state self;
    u64 flags;
    s32 level;
    cgroup_freezer_state freezer;
};

inline kp<cgroup___tree> tree_of(kp<cgroup> cgroup) {
    return pointer_from<cgroup___tree>(address_of(cgroup));
}
// Null: it is the root.
inline kp<cgroup___tree> above(kp<cgroup___tree> group) {
    const kp<cgroup_subsys_state> parent = group->self.parent;
    return parent == nullptr ? nullptr : tree_of(parent->cgroup);
}

inline bool is_within(kp<cgroup> cgroup, kp<struct cgroup> top) {
    const s32 level = tree_of(top)->level;
    auto at = tree_of(cgroup);
    for (; address_of(at) != address_of(top); at = above(at)) {
        if (at->level <= level) return false;
    }
    return true;
}

inline void require_member(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_mortal(task, pid, start_ns);
    if (task->cgroups->dfl_cgrp != cgroup) give_up(DEFIB_REASON_CHANGED);
}

inline kp<cgroup_subsys_state> state_of(kp<cgroup> cgroup, u64 subsystem) {
    const auto same = pointer_from<cgroup___subsystems>(address_of(cgroup));
    if (same->level == 0) give_up(DEFIB_REASON_ROOT_CGROUP);
    const auto state = same->subsys[subsystem];
    if (state == nullptr) give_up(DEFIB_REASON_NO_CONTROLLER);
    return state;
}

#endif
