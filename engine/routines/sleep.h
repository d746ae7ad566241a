// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who sleeps, and whom a signal wakes.
#ifndef DEFIB_ENGINE_ROUTINES_SLEEP_H
#define DEFIB_ENGINE_ROUTINES_SLEEP_H

#include "engine/routines/thread_flags.h"
#include "engine/routines/who.h"

inline bool sleeps(kp<task_struct> thread) {
    return (thread->__state & constant(TASK_NORMAL)) != 0;
}

// What signal_wake_up_state() would wake it from.
inline bool sleeps_on_signal(kp<task_struct> thread) {
    const u32 state = thread->__state;
    if (has_ended(thread) || !has_thread_flag(thread, constant(TIF_SIGPENDING))) return false;
    if ((state & constant(TASK_INTERRUPTIBLE)) != 0) return true;
    const u64 kill = u64{1} << (constant(SIGKILL) - 1);
    return (state & constant(TASK_WAKEKILL)) != 0 && sleeps(thread) &&
           (thread->pending.signal.sig[0] & kill) != 0;
}

#endif
