// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// freeze: holds a process where it is, without a signal that it or its parent could see; thaw: lets
// it go on. It is the freezer of cgroup v2, for one process.
//
// writes    freeze: JOBCTL_TRAP_FREEZE in each thread's jobctl and TIF_SIGPENDING, as
//           cgroup_freeze_task() does (kernel/cgroup/freezer.c); wake_signalled follows. The thread
//           sleeps in do_freezer_trap() until the mark is off, and KILL ends it there too.
//           thaw: the mark off, TIF_SIGPENDING, so that wake_signalled finds the sleepers; the
//           kernel drops the flag again when it finds no signal.
// must hold same pid and start time, no init, no thread of the kernel's, not ending, no debugger;
//           TIF_NEED_RESCHED reads 0 (thread_flags.h). Not a process that a cgroup freezes or is
//           about to: its mark is the cgroup's.
// observed  freeze_seen: each thread is `frozen` by its own account; thaw_seen: none is.
// undone    freeze by thaw, thaw by freeze.
#include "engine/routines/frozen.h"
#include "engine/routines/thread_flags.h"
#include "engine/routines/who.h"

namespace {

void require_own(kp<task_struct> task) {
    if (tree_of(task->cgroups->dfl_cgrp)->freezer.e_freeze != 0) give_up(DEFIB_REASON_STATE);
}

void require_thread_of(kp<task_struct> thread, kp<task_struct> task) {
    if (thread->signal != task->signal) give_up(DEFIB_REASON_GONE);
    if (thread->ptrace != 0) give_up(DEFIB_REASON_TRACED);
}

}  // namespace

COLLECTOR(threads_of, SUMMARY("the threads of a process"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
        emit_pointer(thread);
}

VIEW(freeze_seen, SUMMARY("whether each thread of a process is frozen"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns) || has_ended(task)) return DEFIB_EFFECT_NEVER;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (!is_frozen(thread)) return DEFIB_EFFECT_NOT_YET;
    }
    return DEFIB_EFFECT_THERE;
}

VIEW(thaw_seen, SUMMARY("whether no thread of a process is frozen"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns) || has_ended(task)) return DEFIB_EFFECT_THERE;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (is_frozen(thread)) return DEFIB_EFFECT_NOT_YET;
    }
    return DEFIB_EFFECT_THERE;
}

ROUTINE(freeze, SUMMARY("holds a process where it is, unseen by it"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger, not held "
                  "by a cgroup"),
        OF_EACH(threads_of), THEN(wake_signalled), OBSERVED_BY(freeze_seen), UNDONE_BY(thaw),
        WRITES(task_struct.jobctl), WRITES(task_struct.thread_info.flags))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    require_thread_of(thread, task);
    require_own(task);
    if (has_ended(thread)) return;
    thread->jobctl |= constant(JOBCTL_TRAP_FREEZE);
    tell_of_signal(thread);
}

ROUTINE(thaw, SUMMARY("lets a frozen process go on"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger, not held "
                  "by a cgroup"),
        OF_EACH(threads_of), THEN(wake_signalled), OBSERVED_BY(thaw_seen), UNDONE_BY(freeze),
        WRITES(task_struct.jobctl), WRITES(task_struct.thread_info.flags))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    require_thread_of(thread, task);
    require_own(task);
    const u64 jobctl = thread->jobctl;
    if (has_ended(thread) || (jobctl & constant(JOBCTL_TRAP_FREEZE)) == 0) return;
    thread->jobctl = jobctl & ~constant(JOBCTL_TRAP_FREEZE);
    tell_of_signal(thread);
}
