// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// kill_family: kills a process and what it has forked. One by one does not end a fork bomb: who
// dies is replaced.
//
// A fork fails while a signal is pending for who forks (copy_process(): recalc_sigpending(), then
// -ERESTARTNOINTR), so once each of the family has its mark none of them multiplies any more, and
// it does not matter when each of them gets to die.
//
// Of the family is who has the head's name, its owner and its cgroups, and descends from it; or
// fell to init when its parent died, and is younger than the head (a bomb's parents die first). So
// what such a process has started as another program is left alone, and what the policy protects by
// name or cgroup is protected here with the head.
//
// writes    of each thread: SIGKILL in its own `pending` (__fatal_signal_pending() looks there),
// and
//           TIF_SIGPENDING.
// must hold head: what signal.cpp says. Each thread: its process is of the family at that moment,
//           not ending, not stopped (a stop mark left behind makes a later stop WARN), not traced,
//           and its owner has not forbidden to kill it (oom_score_adj -1000).
//           The head comes last: it is what the others are compared with, and it dies of its mark.
// observed  family_seen: the head has ended. Whether its family has, the detector sees.
// undone    not at all.
//
// What it cannot do: it wakes nobody. Who sleeps for long keeps the mark until it wakes; `signal`,
// which wakes, is for such.
#include "engine/routines/thread_flags.h"
#include "engine/routines/who.h"

namespace {

constexpr u32 MOST_GENERATIONS = 24;
constexpr s16 NEVER_KILLED = -1000;  // OOM_SCORE_ADJ_MIN, include/uapi/linux/oom.h

bool has_its_name(kp<task_struct> process, kp<task_struct> head) {
    for (u32 i = 0; i < 16; ++i) {
        const char letter = process->comm[i];
        if (letter != head->comm[i]) return false;
        if (letter == 0) return true;
    }
    return true;
}

bool descends_from(kp<task_struct> process, kp<task_struct> head) {
    for (u32 i = 0; i < MOST_GENERATIONS; ++i) {
        if (process == head) return true;
        const kp<task_struct> parent = process->real_parent->group_leader;
        if (parent == process) return false;
        process = parent;
    }
    return false;
}

bool is_of_family(kp<task_struct> process, kp<task_struct> head) {
    if (process == head) return true;
    if (process->mm == nullptr || process->tgid == INIT_PID) return false;
    if (process->cgroups != head->cgroups || !has_its_name(process, head)) return false;
    if (process->real_cred->uid.val != head->real_cred->uid.val) return false;
    if (process->signal->oom_score_adj <= NEVER_KILLED) return false;
    if (descends_from(process, head)) return true;
    return process->real_parent->tgid == INIT_PID && process->start_time > head->start_time;
}

bool is_stopped(kp<task_struct> thread) {
    return (thread->__state & constant(__TASK_STOPPED)) != 0;
}

}  // namespace

COLLECTOR(family_threads, SUMMARY("the threads of a process and of what it has forked"),
          FUEL(8000000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_living(task, pid, start_ns);
    if (task->tgid != pid) give_up(DEFIB_REASON_ARGUMENT);
    for (auto process : list_of(task_struct, tasks, &symbol(task_struct, init_task)->tasks)) {
        if (process == task || has_ended(process) || !is_of_family(process, task)) continue;
        for (auto thread : list_of(task_struct, thread_node, &process->signal->thread_head))
            emit_pointer(thread);
    }
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
        emit_pointer(thread);
}

VIEW(family_seen, SUMMARY("whether the head of a family has ended"))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    return !is_same(task, pid, start_ns) || has_ended(task) ? DEFIB_EFFECT_THERE
                                                            : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(kill_family, SUMMARY("kills a process and all of its kind that it has forked"),
        MUST_HOLD("of the head what signal needs; of each thread that its process is of the "
                  "family, not stopped, and may be killed (oom_score_adj above -1000)"),
        NOT_UNDONE("who has got a signal has got it"), OF_EACH(family_threads),
        OBSERVED_BY(family_seen), WRITES(task_struct.pending.signal.sig),
        WRITES(task_struct.thread_info.flags))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns) {
    require_mortal(task, pid, start_ns);
    const kp<task_struct> process = thread->group_leader;
    if (!is_of_family(process, task)) give_up(DEFIB_REASON_GONE);
    if ((thread->flags & constant(PF_KTHREAD)) != 0) give_up(DEFIB_REASON_KERNEL_THREAD);
    if (has_ended(thread) || is_stopped(thread)) return;
    if (thread->ptrace != 0) give_up(DEFIB_REASON_TRACED);
    thread->pending.signal.sig[0] |= u64{1} << (constant(SIGKILL) - 1);
    tell_of_signal(thread);
}
