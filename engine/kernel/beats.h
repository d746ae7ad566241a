// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which spinlock a CPU waits for with its interrupts off: no frame on its stack tells
// (spinlocks.h), but where the kernel module is loaded an NMI finds the CPU, and its beat in the
// module's ring (engine/abi/hook_ring.h) holds where it was and what its registers held.
//
// A beat is one moment, up to a period old. Who builds on it sees that it goes on: its number grows
// at each look of the CPU.
#ifndef DEFIB_ENGINE_KERNEL_BEATS_H
#define DEFIB_ENGINE_KERNEL_BEATS_H

#define DEFIB_HOOK_WITHOUT_SUMS
#include "engine/abi/hook_ring.h"
#include "engine/kernel/spinlocks.h"

inline u32 ring_word(u64 address) {
    return *pointer_from<const u32>(address);
}

// Where the ring lies for the kernel; 0: there is none that serves. The module clears the magic
// before it goes, and then its pages are somebody else's (hook_ring_withdraw() in kernel-hooks).
inline u64 serving_ring() {
    const u64 physical = ring_of_hook();
    if (physical == 0) return 0;
    const u64 ring = *symbol(u64, page_offset_base) + physical;
    constexpr u64 MAGIC = 0x6f68206269666564;  // "defib ho"
    if (stack_word(ring) != MAGIC) return 0;
    const bool serves =
        ring_word(ring + offsetof(DefibHookHeader, state)) == DEFIB_HOOK_STATE_SERVING;
    return serves ? ring : 0;
}

// Null where the ring has none of it.
inline u64 beat_of(u64 ring, u32 cpu) {
    if (ring == 0 || cpu >= ring_word(ring + offsetof(DefibHookHeader, cpus))) return 0;
    return ring + ring_word(ring + offsetof(DefibHookHeader, beats_at)) +
           u64{cpu} * sizeof(DefibHookBeat);
}

static_assert(DEFIB_HOOK_REGISTERS == FRAME_REGISTERS, "a beat's registers are a frame's");

struct BeatWait {
    u32 number;  // of the beat; 0: it is being written, or there is none
    u64 lock;    // 0: it waits for none, or not with its interrupts off
};

inline bool is_in_lock_code_unseen(u64 beat) {
    const u32 flags = ring_word(beat + offsetof(DefibHookBeat, flags));
    return (flags & DEFIB_HOOK_IRQS_OFF) != 0 && (flags & DEFIB_HOOK_USER) == 0 &&
           is_lock_code(stack_word(beat + offsetof(DefibHookBeat, ip)));
}

// What `task`, the CPU's current one, waits for there.
inline BeatWait wait_in_beat(u64 beat, kp<task_struct> task) {
    if (beat == 0) return {0, 0};
    const u32 number = ring_word(beat + offsetof(DefibHookBeat, ended));
    u64 lock = 0;
    if (is_in_lock_code_unseen(beat) &&
        stack_word(beat + offsetof(DefibHookBeat, task)) == address_of(task))
        lock = lock_in_registers(beat + offsetof(DefibHookBeat, registers));
    if (ring_word(beat + offsetof(DefibHookBeat, begun)) != number) return {0, 0};
    return {number, lock};
}

#endif
