// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A bit of thread_info.flags, which the thread's CPU changes too.
//
// The store is of the one byte that holds TIF_SIGPENDING, and with it TIF_NEED_RESCHED. That bit
// has a second copy in the preempt count on x86 (set_preempt_need_resched(), folded by the
// reschedule interrupt); a store that brought it back after the CPU has cleared it would leave the
// two apart, cond_resched() would do nothing, and zap_pte_range() would loop for ever. So the byte
// is only written where the bit reads 0, and always as 0. Should a CPU set it between the last look
// and the store, its task runs on until the next tick.
#ifndef DEFIB_ENGINE_ROUTINES_THREAD_FLAGS_H
#define DEFIB_ENGINE_ROUTINES_THREAD_FLAGS_H

#include "engine/abi/reason.h"
#include "engine/kernel/structs.h"

inline bool has_thread_flag(kp<task_struct> thread, u64 flag) {
    return (thread->thread_info.flags >> flag & 1) != 0;
}

// Needs WRITES(task_struct.thread_info.flags).
inline void tell_of_signal(kp<task_struct> thread) {
    const u64 pending = constant(TIF_SIGPENDING);
    const u64 resched = constant(TIF_NEED_RESCHED);
    if (pending > 7 || resched > 7) give_up(DEFIB_REASON_LAYOUT);
    const auto byte = narrow<u8>(&thread->thread_info.flags, 0);
    const u8 flags = *byte;
    if ((flags >> pending & 1) != 0) return;
    if ((flags >> resched & 1) != 0) give_up(DEFIB_REASON_BUSY_FLAGS);
    *byte = static_cast<u8>(flags | 1U << pending);
}

#endif
