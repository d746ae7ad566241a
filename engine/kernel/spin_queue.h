// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What CPUs are at that wait for a queued spinlock (kernel/locking/qspinlock.c): their nodes, the
// order of these, and where on the way through queued_spin_lock_slowpath() each was last seen.
#ifndef DEFIB_ENGINE_KERNEL_SPIN_QUEUE_H
#define DEFIB_ENGINE_KERNEL_SPIN_QUEUE_H

#include "engine/abi/reason.h"
#include "engine/kernel/beats.h"
#include "engine/kernel/locks.h"
#include "engine/kernel/per_cpu.h"

// Only where CONFIG_PARAVIRT_SPINLOCKS is set.
kernel_struct pv_lock_ops {
    u64 queued_spin_lock_slowpath;
};
kernel_struct paravirt_patch_template {
    pv_lock_ops lock;
};
kernel_struct rq___switches {
    u64 nr_switches;
    kp<task_struct___waits> curr;
};

namespace queue {

inline constexpr u32 MOST_HOPS = 64;
inline constexpr u64 STACK_BYTES = 4 * 4096;    // THREAD_SIZE on x86-64 without KASAN
inline constexpr u64 SLOW_PATH_BYTES = 0x400;   // native_queued_spin_lock_slowpath() has some 0x2b0
inline constexpr u64 MOST_FRAME_WORDS = 1024;   // from the stack's start: it is a few calls deep
inline constexpr u64 BEAT_LATE_NS = 500000000;  // who is poked beats some 30 times a second

// Ends the routine where spinlocks are paravirtual.
inline void require_native() {
    if (!symbol_exists(pv_ops) || !exists(paravirt_patch_template, lock)) return;
    const u64 slow = symbol(paravirt_patch_template, pv_ops)->lock.queued_spin_lock_slowpath;
    if (slow != address_of(symbol(void, native_queued_spin_lock_slowpath)))
        give_up(DEFIB_REASON_PARAVIRTUAL);
}

inline u64 switches_of(u32 cpu) {
    return per_cpu(rq___switches, runqueues, cpu)->nr_switches;
}
inline kp<task_struct> current_of(u32 cpu) {
    return pointer_from<task_struct>(address_of(per_cpu(rq___switches, runqueues, cpu)->curr));
}

// The innermost node that the CPU waits with; null: it has none in use.
inline kp<qnode> innermost_node(u32 cpu) {
    const auto nodes = per_cpu(qnode, qnodes, cpu);
    const s32 count = nodes->mcs.count;
    if (count <= 0 || count > 4) return nullptr;
    return element(qnode, nodes, static_cast<u64>(count - 1));
}

inline bool has_tail(u32 word) {
    return (word & constant(_Q_TAIL_MASK)) != 0;
}

// decode_tail()
inline u64 last_node(u32 word) {
    const u32 cpu = (word >> constant(_Q_TAIL_CPU_OFFSET)) - 1;
    const u64 index = (word & constant(_Q_TAIL_IDX_MASK)) >> constant(_Q_TAIL_IDX_OFFSET);
    return address_of(element(qnode, per_cpu(qnode, qnodes, cpu), index));
}

inline bool leads_to(kp<qnode> node, u64 last) {
    u64 at = address_of(node);
    for (u32 hop = 0; hop < MOST_HOPS && at != 0; ++hop) {
        if (at == last) return true;
        at = address_of(pointer_from<qnode>(at)->mcs.next);
    }
    return false;
}

// The node that the CPU waits with, where it is at its queue's end and the lock's word names
// another end, or none: it was cut off. It says so for a moment too when it is just being queued,
// or goes.
inline u64 node_cut_off(u32 cpu, u32 word) {
    const auto node = innermost_node(cpu);
    if (node == nullptr || node->mcs.next != nullptr) return 0;
    const u64 last = has_tail(word) ? last_node(word) : 0;
    return last == address_of(node) ? 0 : address_of(node);
}

inline bool is_in_slow_path(u64 address) {
    const u64 slow = address_of(symbol(void, native_queued_spin_lock_slowpath));
    return address - slow < SLOW_PATH_BYTES;
}

// Whether one of the registers that lie there, as in struct pt_regs, holds that.
inline bool is_in_register(u64 registers, u64 value) {
    for (u64 i = 0; i < FRAME_REGISTERS; ++i) {
        if (stack_word(registers + i * 8) == value) return true;
    }
    return false;
}

// The registers that an interrupt inside of the slow path has left of this lock's waiter; 0: none.
inline u64 registers_in_frame(u32 cpu, u64 lock) {
    const auto task = per_cpu(rq___switches, runqueues, cpu)->curr;
    const u64 start = address_of(task->stack);
    const u64 least = start + STACK_BYTES - 8 * MOST_FRAME_WORDS;
    // Down from the stack's start: the frame is among the first calls.
    for (u64 at = start + STACK_BYTES - 8; at > least; at -= 8) {
        if (!is_in_slow_path(stack_word(at))) continue;
        const u64 registers = at - offset_of(pt_regs, ip);
        if (is_in_register(registers, lock)) return registers;
    }
    return 0;
}

// The beats of all CPUs, as they are now.
struct Beats {
    u64 ring;       // of the kernel module; 0: there is none, or it is not asked
    u64 newest_ns;  // by the kernel's clock
};

inline Beats look_at_beats() {
    Beats beats{serving_ring(), 0};
    if (beats.ring == 0) return beats;
    for (const u32 cpu : online_cpus()) {
        const u64 beat = beat_of(beats.ring, cpu);
        if (beat == 0) continue;
        const u64 time_ns = stack_word(beat + offsetof(DefibHookBeat, time_ns));
        if (time_ns > beats.newest_ns) beats.newest_ns = time_ns;
    }
    return beats;
}

// The registers in the CPU's last beat, which is no older than the others', of the task that runs
// there, found inside of the slow path for this lock with interrupts off; 0: they say no such
// thing.
inline u64 registers_in_beat(const Beats& beats, u32 cpu, u64 lock) {
    const u64 beat = beat_of(beats.ring, cpu);
    if (beat == 0 || !is_in_slow_path(stack_word(beat + offsetof(DefibHookBeat, ip)))) return 0;
    const u64 time_ns = stack_word(beat + offsetof(DefibHookBeat, time_ns));
    if (time_ns + BEAT_LATE_NS < beats.newest_ns) return 0;
    if (wait_in_beat(beat, current_of(cpu)).lock != lock) return 0;
    return beat + offsetof(DefibHookBeat, registers);
}

}  // namespace queue

#endif
