// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// signal: gives a process a signal, as kill(2) does.
//
// It does with plain stores what send_signal_locked() does under siglock (kernel/signal.c): marks
// the signal pending and tells a thread of it; the kernel finds the mark when the thread is about
// to return to user space, and does the rest (collect_signal() takes a mark without a queued
// siginfo for one of kill()'s). A thread that sleeps has to be woken for that: `wake_signalled`
// follows.
//
// writes    any signal: its bit in signal_struct.shared_pending, TIF_SIGPENDING of one thread that
//           does not block it (complete_signal()).
//           KILL: its bit in each thread's own `pending`, so that killable sleeps end too
//           (__fatal_signal_pending() looks there only), stop and freeze marks off (get_signal()
//           looks at these before it takes a signal), TIF_SIGPENDING. The
//           SIGNAL_GROUP_EXIT that complete_signal() sets is left to the first thread that comes
//           by (do_group_exit()): set from outside it would make the others skip their part.
//           CONT: what prepare_signal() does: stop signals and stop marks off, the group's flags
//           such that the parent is told, __state of stopped threads from __TASK_STOPPED to
//           TASK_INTERRUPTIBLE, so that the ordinary wake (TASK_NORMAL) finds them. KILL does the
//           same for stopped threads; a mark left behind would make a later stop WARN.
//           STOP: takes a pending CONT back; the thread that gets it stops the others
//           (do_signal_stop()).
// must hold same pid and start time; not init, no thread of the kernel's; not ending; not under a
//           debugger, whose stops are its own; for other signals than KILL, STOP and CONT: a thread
//           that does not block it; TIF_NEED_RESCHED reads 0 (thread_flags.h).
// observed  signal_seen: KILL: it has ended; STOP: it is stopped; CONT: none of its threads is, and
// it
//           has taken the mark; others: the mark was taken, be it by a handler.
// undone    not at all: who has got a signal has got it.
#include "engine/routines/sleep.h"
#include "engine/routines/thread_flags.h"
#include "engine/routines/who.h"

namespace {

constexpr u32 MOST_SIGNAL = 64;

u64 bit_of(u64 signal) {
    return u64{1} << (signal - 1);
}
u64 stop_signals() {
    return bit_of(constant(SIGSTOP)) | bit_of(constant(SIGTSTP)) | bit_of(constant(SIGTTIN)) |
           bit_of(constant(SIGTTOU));
}
bool is_stop(u32 signal) {
    return (bit_of(signal) & stop_signals()) != 0;
}
bool is_for_all(u32 signal) {
    return signal == constant(SIGKILL) || signal == constant(SIGCONT);
}
bool is_stopped(kp<task_struct> thread) {
    return (thread->__state & constant(__TASK_STOPPED)) != 0;
}

// wants_signal(); STOP and KILL cannot be blocked.
bool wants(kp<task_struct> thread, u32 signal) {
    if (has_ended(thread)) return false;
    if (signal == constant(SIGSTOP)) return true;
    return (thread->blocked.sig[0] & bit_of(signal)) == 0;
}

void unmark_stops(kp<task_struct> thread) {
    thread->pending.signal.sig[0] &= ~stop_signals();
}

u64 stop_marks() {
    return constant(JOBCTL_STOP_PENDING) | constant(JOBCTL_STOP_CONSUME) |
           constant(JOBCTL_STOP_DEQUEUED) | constant(JOBCTL_STOPPED);
}

void forget_stop(kp<task_struct> thread, u64 marks) {
    const u64 jobctl = thread->jobctl;
    if ((jobctl & marks) != 0) thread->jobctl = jobctl & ~marks;
    if (is_stopped(thread)) thread->__state = static_cast<u32>(constant(TASK_INTERRUPTIBLE));
}

// The part of prepare_signal(SIGCONT) that is the group's.
void continue_group(kp<signal_struct> group) {
    const u32 flags = group->flags;
    const bool was_stopped = (flags & constant(SIGNAL_STOP_STOPPED)) != 0;
    if (was_stopped || group->group_stop_count != 0) {
        const u64 why = was_stopped ? constant(SIGNAL_CLD_CONTINUED) : constant(SIGNAL_CLD_STOPPED);
        group->flags = static_cast<u32>((flags & ~constant(SIGNAL_STOP_MASK)) |
                                        constant(SIGNAL_STOP_CONTINUED) | why);
        group->group_stop_count = 0;
        group->group_exit_code = 0;
    }
}

}  // namespace

COLLECTOR(signal_receivers, SUMMARY("the threads of a process that a signal is given to"),
          FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 signal) {
    if (signal == 0 || signal > MOST_SIGNAL) give_up(DEFIB_REASON_ARGUMENT);
    require_living(task, pid, start_ns);
    if (task->tgid != pid) give_up(DEFIB_REASON_ARGUMENT);
    const bool is_all = is_for_all(signal);
    if (!is_all && wants(task, signal)) return emit_pointer(task);
    bool has_one = false;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (!is_all && (has_one || !wants(thread, signal))) continue;
        emit_pointer(thread);
        has_one = true;
    }
    if (!has_one) give_up(DEFIB_REASON_BLOCKED);
}

VIEW(signal_seen, SUMMARY("whether a signal had its effect"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 signal) {
    const bool has_gone = !is_same(task, pid, start_ns) || task->exit_state != 0;
    if (signal == constant(SIGKILL)) return has_gone ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
    if (has_gone) {
        const bool needs_it = signal == constant(SIGCONT) || signal == constant(SIGSTOP);
        return needs_it ? DEFIB_EFFECT_NEVER : DEFIB_EFFECT_THERE;
    }
    if (signal == constant(SIGSTOP)) {
        const bool all = (task->signal->flags & constant(SIGNAL_STOP_STOPPED)) != 0;
        return all && is_stopped(task) ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
    }
    const bool is_pending = (task->signal->shared_pending.signal.sig[0] & bit_of(signal)) != 0;
    if (is_pending) return DEFIB_EFFECT_NOT_YET;
    if (signal != constant(SIGCONT)) return DEFIB_EFFECT_THERE;
    if ((task->signal->flags & constant(SIGNAL_STOP_STOPPED)) != 0) return DEFIB_EFFECT_NOT_YET;
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head)) {
        if (is_stopped(thread) || sleeps_on_signal(thread)) return DEFIB_EFFECT_NOT_YET;
    }
    return DEFIB_EFFECT_THERE;
}

ROUTINE(signal, SUMMARY("gives a process a signal, as kill() does, and wakes it"),
        MUST_HOLD("the same process, not init, no kernel thread, not ending, no debugger; of other "
                  "signals than KILL, STOP and CONT a thread that does not block it"),
        NOT_UNDONE("who has got a signal has got it"), OF_EACH(signal_receivers),
        THEN(wake_signalled), OBSERVED_BY(signal_seen),
        WRITES(signal_struct.shared_pending.signal.sig), WRITES(signal_struct.flags),
        WRITES(signal_struct.group_stop_count), WRITES(signal_struct.group_exit_code),
        WRITES(task_struct.pending.signal.sig), WRITES(task_struct.jobctl),
        WRITES(task_struct.__state), WRITES(task_struct.thread_info.flags))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, u32 signal) {
    if (signal == 0 || signal > MOST_SIGNAL) give_up(DEFIB_REASON_ARGUMENT);
    require_living(task, pid, start_ns);
    const auto group = task->signal;
    if (thread->signal != group || thread->tgid != pid) give_up(DEFIB_REASON_GONE);
    if (has_ended(thread)) return;
    if (thread->ptrace != 0) give_up(DEFIB_REASON_TRACED);

    if (signal == constant(SIGKILL)) {
        thread->pending.signal.sig[0] |= bit_of(signal);
        forget_stop(thread, stop_marks() | constant(JOBCTL_TRAP_FREEZE));
        tell_of_signal(thread);
        return;
    }
    if (signal == constant(SIGCONT)) {
        const bool is_told = is_stopped(thread) || thread == task;
        if (thread == task) {
            const u64 shared = group->shared_pending.signal.sig[0];
            group->shared_pending.signal.sig[0] = (shared & ~stop_signals()) | bit_of(signal);
            continue_group(group);
        }
        unmark_stops(thread);
        forget_stop(thread, stop_marks());
        if (is_told) tell_of_signal(thread);
        return;
    }
    const u64 taken_back = is_stop(signal) ? bit_of(constant(SIGCONT)) : 0;
    const u64 shared = group->shared_pending.signal.sig[0];
    group->shared_pending.signal.sig[0] = (shared & ~taken_back) | bit_of(signal);
    tell_of_signal(thread);
}
