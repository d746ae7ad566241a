// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Putting a wake-up into scratch memory, for `deliver` (wake.cpp) to publish. Whoever stages one
// uses scratch memory, and names `deliver` as what follows.
#ifndef DEFIB_ENGINE_ROUTINES_STAGING_H
#define DEFIB_ENGINE_ROUTINES_STAGING_H

#include "engine/routines/injected_work.h"
#include "engine/routines/sleep.h"

namespace work {

// After so long an object that still waits was given to a CPU that does not tick any more.
inline constexpr u64 LOST_JIFFIES = 64;

// The slot that holds this thread; 0: none.
inline u64 slot_of(u64 thread) {
    for (u64 i = 0; i < SLOTS; ++i) {
        const u64 slot = slot_at(i);
        if (*word(slot, task_at()) == thread) return slot;
    }
    return 0;
}
inline u64 free_slot(u64& from) {
    for (; from < SLOTS; ++from) {
        const u64 slot = slot_at(from);
        if (is_free(slot)) {
            ++from;
            return slot;
        }
    }
    return 0;
}

inline void put(kp<u64> place, u64 value) {
    if (*place != value) *place = value;
}

inline void stage(u64 slot, kp<task_struct> thread, u64 next) {
    put(word(slot, next_at()), next);
    *half(slot, flags_at()) = static_cast<u32>(
        constant(CSD_TYPE_IRQ_WORK) | constant(IRQ_WORK_CLAIMED) | constant(IRQ_WORK_LAZY));
    put(word(slot, function_at()), address_of(symbol(void, hrtimer_wakeup)));
    put(word(slot, START_AT), thread->start_time);
    put(word(slot, PID_AT), static_cast<u64>(thread->pid));
    put(word(slot, JIFFIES_AT), *symbol(u64, jiffies));
    *word(slot, task_at()) = address_of(thread);
}

// It was delivered to a CPU that has not come by since.
inline bool is_lost(u64 slot) {
    return *symbol(u64, jiffies) - *word(slot, JIFFIES_AT) > LOST_JIFFIES;
}

inline void require_vehicle() {
    if (symbol_exists(__cfi_hrtimer_wakeup)) give_up(DEFIB_REASON_CHECKED_CALLS);
    require_fit();
}

// Builds an object for the thread in front of `newest`, which it becomes. False: no slot is free.
inline bool stage_in_slot(kp<task_struct> thread, u64& newest, u64& from) {
    const u64 slot = free_slot(from);
    if (slot == 0) return false;
    stage(slot, thread, newest);
    newest = address_in_target(slot);
    return true;
}

// Whether the thread waits in a slot for a CPU that still ticks. From one that does not it is
// taken away.
inline bool is_under_way(kp<task_struct> thread) {
    const u64 slot = slot_of(address_of(thread));
    if (slot == 0) return false;
    if (!is_lost(slot)) return true;
    *word(slot, task_at()) = 0;
    return false;
}

inline void remember_staged(u64 newest) {
    put(word(0, MARK_AT), DEFIB_SCRATCH_MARK);
    *word(0, STAGED_AT) = newest;
}

// One more in front of what is staged. False: no slot is free.
inline bool stage_wake(kp<task_struct> thread) {
    u64 newest = *word(0, STAGED_AT);
    u64 from = 0;
    if (!stage_in_slot(thread, newest, from)) return false;
    remember_staged(newest);
    return true;
}

}  // namespace work

#endif
