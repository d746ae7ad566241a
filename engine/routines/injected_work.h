// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Work for the kernel, built in scratch memory: slots of 80 bytes behind a head of two words.
//
//   0        DEFIB_SCRATCH_MARK        what boot knows it again by
//   8        the newest staged object  0: none
//   16       a queue's node            no CPU waits with it (queue.cpp)
//   48       the node that leads to it 0: none has yet
//   80 ...   47 slots: an irq_work whose function is hrtimer_wakeup(), with the task where that
//            looks for it (hrtimer_sleeper.task), and behind the irq_work what proves the task
//
// An object is private until `deliver` publishes the chain of all staged ones. It is the kernel's
// while its flags say claimed, and free again when irq_work_single() has taken the flags back and
// hrtimer_wakeup() the task.
#ifndef DEFIB_ENGINE_ROUTINES_INJECTED_WORK_H
#define DEFIB_ENGINE_ROUTINES_INJECTED_WORK_H

#include "engine/abi/reason.h"
#include "engine/abi/scratch.h"
#include "engine/kernel/language.h"
#include "engine/kernel/structs.h"

kernel_part __call_single_node {
    llist_node llist;
    u32 u_flags;
};
kernel_struct irq_work {
    __call_single_node node;
    u64 func;  // a pointer to a function
};
kernel_struct hrtimer_sleeper {
    kp<task_struct> task;
};

namespace work {

inline constexpr u64 MARK_AT = 0;
inline constexpr u64 STAGED_AT = 8;
inline constexpr u64 SLOT = 80;
inline constexpr u64 SLOTS = 47;
static_assert(SLOT * (SLOTS + 1) <= DEFIB_SCRATCH_SIZE);

// Behind the irq_work and before the task.
inline constexpr u64 START_AT = 40;
inline constexpr u64 PID_AT = 48;
inline constexpr u64 JIFFIES_AT = 72;

inline u64 slot_at(u64 number) {
    return SLOT * (number + 1);
}
inline u64 address_in_target(u64 at) {
    return address_of(scratch<u64>(0, 8)) + at;
}
inline u64 next_at() {
    return offset_of(irq_work, node) + offset_of(__call_single_node, llist) +
           offset_of(llist_node, next);
}
inline u64 flags_at() {
    return offset_of(irq_work, node) + offset_of(__call_single_node, u_flags);
}
inline u64 function_at() {
    return offset_of(irq_work, func);
}
inline u64 task_at() {
    return offset_of(hrtimer_sleeper, task);
}

inline kp<u64> word(u64 slot, u64 at) {
    return scratch<u64>(slot + at, 8);
}
inline kp<u32> half(u64 slot, u64 at) {
    return scratch<u32>(slot + at, 4);
}

// Whether the slots fit this kernel's structures.
inline void require_fit() {
    const bool fits = size_of_type(irq_work) <= START_AT && task_at() == PID_AT + 16;
    if (!fits) give_up(DEFIB_REASON_LAYOUT);
}

inline bool is_claimed(u64 slot) {
    return (*half(slot, flags_at()) & constant(IRQ_WORK_CLAIMED)) != 0;
}
inline bool is_free(u64 slot) {
    return *word(slot, task_at()) == 0 && !is_claimed(slot);
}

}  // namespace work

#endif
