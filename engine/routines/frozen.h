// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether a thread sleeps in the freezer of cgroup v2 (do_freezer_trap() in kernel/signal.c).
#ifndef DEFIB_ENGINE_ROUTINES_FROZEN_H
#define DEFIB_ENGINE_ROUTINES_FROZEN_H

#include "engine/routines/cgroups.h"

kernel_struct task_struct___freezer {
    BitField frozen;
};

// By its own account, which a stopped thread keeps too (cgroup_enter_frozen() in do_signal_stop()).
inline bool is_frozen(kp<task_struct> thread) {
    const auto same = pointer_from<task_struct___freezer>(address_of(thread));
    return bits(same, task_struct___freezer, frozen) != 0;
}

inline bool has_freeze_mark(kp<task_struct> thread) {
    return (thread->jobctl & constant(JOBCTL_TRAP_FREEZE)) != 0;
}

#endif
