// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The proof that a task is still the one that was found, and that it may be touched at all.
//
// A number alone proves nothing: it is used again. A task_struct that was freed keeps its bytes
// until its slab page gets others (free_task() in kernel/fork.c), so a look at it tells, and the
// number together with the start time never comes back in one boot.
#ifndef DEFIB_ENGINE_ROUTINES_WHO_H
#define DEFIB_ENGINE_ROUTINES_WHO_H

#include "engine/abi/reason.h"
#include "engine/kernel/lists.h"
#include "engine/kernel/structs.h"

inline constexpr s32 INIT_PID = 1;

inline bool is_same(kp<task_struct> task, s32 pid, u64 start_ns) {
    return task->pid == pid && task->start_time == start_ns;
}

// It has run do_exit(): signals and wakes achieve nothing any more.
inline bool has_ended(kp<task_struct> task) {
    return task->exit_state != 0 || (task->flags & constant(PF_EXITING)) != 0;
}

// Ends the routine where this is not the task that was found, or one that is never touched: the
// kernel's own threads, and any init (SIGNAL_UNKILLABLE is set for it in copy_process() and for a
// container's by its first fork).
inline void require_mortal(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns)) give_up(DEFIB_REASON_GONE);
    if ((task->flags & constant(PF_KTHREAD)) != 0) give_up(DEFIB_REASON_KERNEL_THREAD);
    if (task->tgid == INIT_PID) give_up(DEFIB_REASON_INIT);
    if ((task->signal->flags & constant(SIGNAL_UNKILLABLE)) != 0) give_up(DEFIB_REASON_INIT);
}

inline void require_living(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_mortal(task, pid, start_ns);
    if (has_ended(task)) give_up(DEFIB_REASON_EXITING);
}

#endif
