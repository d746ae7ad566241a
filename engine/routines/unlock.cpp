// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// unlock: releases a spinlock that nobody holds and that every CPU waits for.
//
// writes    the locked byte of the lock, 0, as native_queued_spin_unlock() does: nothing else of
//           the word. A store of the whole word takes the queue's tail away: the waiter at the head
//           then believes that somebody is behind it, and waits for him for ever.
// must hold - Spinlocks are not paravirtual: there the byte may be _Q_SLOW_VAL, the head of the
//             queue may be halted, and an entry lies in pv_lock_hash; only the kernel's own unlock
//             does all that (__pv_queued_spin_unlock_slowpath()).
//           - The word is the one that was found (evidence0), and its locked byte is 1.
//           - No CPU has switched tasks since it was found (evidence1: the sum of nr_switches of
//             all CPUs, as it was at the end of an observation in which it stood still).
//           - Every CPU waits, for this lock: then none is inside. With a queue: on every CPU but
//             one the innermost node in use (qnodes) leads to the queue's last one, which the word
//             names, and the one left is the one that the pending bit stands for
//             (queued_spin_lock_slowpath()). Without a queue, where a hypervisor's guest spins on
//             test-and-set (virt_spin_lock()): on each CPU's stack lies the frame of an interrupt
//             that came inside of the slow path, with the lock's address in a register. With
//             interrupts off there is no such frame, and this gives up.
//           What this cannot tell: a CPU that was interrupted inside and whose handler waits for
//           the same lock. It would wait for itself for ever anyway.
// observed  unlock_seen: the word has changed and a CPU has switched.
// by hook   a CPU in its look compares the whole word with the proof and runs the kernel's own
//           unlock (hook_release() in kernel-hooks/locks.c): nanoseconds lie between, not a bus.
// undone    not at all; who had got in is inside.
#include "engine/abi/reason.h"
#include "engine/kernel/locks.h"
#include "engine/kernel/per_cpu.h"
#include "engine/routines/asking.h"

kernel_struct qspinlock {
    u8 locked;
};
kernel_struct qspinlock___word {
    atomic_t val;
};
kernel_struct pt_regs {
    u64 r15;
    u64 di;
    u64 ip;
};
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

namespace {

constexpr u64 LOCKED = 1;
constexpr u32 MOST_HOPS = 64;
constexpr u64 STACK_BYTES = 4 * 4096;   // THREAD_SIZE on x86-64 without KASAN
constexpr u64 SLOW_PATH_BYTES = 0x400;  // native_queued_spin_lock_slowpath() has some 0x2b0
constexpr u64 MOST_FRAME_WORDS = 1024;  // from the stack's start: what waits is a few calls deep

void require_native() {
    if (!symbol_exists(pv_ops) || !exists(paravirt_patch_template, lock)) return;
    const u64 slow = symbol(paravirt_patch_template, pv_ops)->lock.queued_spin_lock_slowpath;
    if (slow != address_of(symbol(void, native_queued_spin_lock_slowpath)))
        give_up(DEFIB_REASON_PARAVIRTUAL);
}

u32 word_of(kp<qspinlock> lock) {
    const auto same = pointer_from<qspinlock___word>(address_of(lock));
    return static_cast<u32>(same->val.counter);
}

u64 switches() {
    u64 sum = 0;
    for (const u32 cpu : online_cpus()) sum += per_cpu(rq___switches, runqueues, cpu)->nr_switches;
    return sum;
}

// The innermost node that the CPU waits with; null: it has none in use.
kp<qnode> innermost_node(u32 cpu) {
    const auto nodes = per_cpu(qnode, qnodes, cpu);
    const s32 count = nodes->mcs.count;
    if (count <= 0 || count > 4) return nullptr;
    return element(qnode, nodes, static_cast<u64>(count - 1));
}

// decode_tail() in kernel/locking/qspinlock.c.
u64 last_node(u32 word) {
    const u32 cpu = (word >> constant(_Q_TAIL_CPU_OFFSET)) - 1;
    const u64 index = (word & constant(_Q_TAIL_IDX_MASK)) >> constant(_Q_TAIL_IDX_OFFSET);
    return address_of(element(qnode, per_cpu(qnode, qnodes, cpu), index));
}

bool leads_to(kp<qnode> node, u64 last) {
    u64 at = address_of(node);
    for (u32 hop = 0; hop < MOST_HOPS && at != 0; ++hop) {
        if (at == last) return true;
        at = address_of(pointer_from<qnode>(at)->mcs.next);
    }
    return false;
}

void require_queue_of_all(u32 word) {
    const u64 last = last_node(word);
    u32 without = 0;
    for (const u32 cpu : online_cpus()) {
        const auto node = innermost_node(cpu);
        if (node == nullptr)
            ++without;
        else if (!leads_to(node, last))
            give_up(DEFIB_REASON_NOT_PROVED);
    }
    const bool is_pending = (word & constant(_Q_PENDING_MASK)) != 0;
    if (without > (is_pending ? 1U : 0U)) give_up(DEFIB_REASON_NOT_PROVED);
}

// Whether the frame whose `ip` lies here is of an interrupt inside of the slow path for that lock.
bool is_frame_of(u64 at, u64 lock) {
    const u64 slow = address_of(symbol(void, native_queued_spin_lock_slowpath));
    if (*pointer_from<const u64>(at) - slow >= SLOW_PATH_BYTES) return false;
    const u64 start = at - offset_of(pt_regs, ip);
    for (u64 place = offset_of(pt_regs, r15); place <= offset_of(pt_regs, di); place += 8) {
        if (*pointer_from<const u64>(start + place) == lock) return true;
    }
    return false;
}

bool was_interrupted_waiting(u32 cpu, u64 lock) {
    const auto task = per_cpu(rq___switches, runqueues, cpu)->curr;
    const u64 start = address_of(task->stack);
    const u64 least = start + STACK_BYTES - 8 * MOST_FRAME_WORDS;
    // Down from the stack's start: the frame is among the first calls.
    for (u64 at = start + STACK_BYTES - 8; at > least; at -= 8) {
        if (is_frame_of(at, lock)) return true;
    }
    return false;
}

void require_all_interrupted(u64 lock) {
    for (const u32 cpu : online_cpus()) {
        if (!was_interrupted_waiting(cpu, lock)) give_up(DEFIB_REASON_NOT_PROVED);
    }
}

// Ends the routine unless nobody is inside.
void require_free(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    require_native();
    const u32 word = word_of(object);
    if (word != evidence0 || switches() != evidence1) give_up(DEFIB_REASON_CHANGED);
    const u64 locked = word & constant(_Q_LOCKED_MASK);
    if (constant_exists(_Q_SLOW_VAL) && locked == constant(_Q_SLOW_VAL))
        give_up(DEFIB_REASON_PARAVIRTUAL);
    if (locked != LOCKED) give_up(DEFIB_REASON_STATE);
    if ((word & constant(_Q_TAIL_MASK)) != 0)
        require_queue_of_all(word);
    else if (word == LOCKED)
        require_all_interrupted(address_of(object));
    else
        give_up(DEFIB_REASON_NOT_PROVED);  // one waits, with the pending bit: others may be inside
}

}  // namespace

VIEW(unlock_seen, SUMMARY("whether a spinlock that was released is on its way"), FUEL(40000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    const bool moves = word_of(object) != evidence0 && switches() != evidence1;
    return moves ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(unlock, SUMMARY("releases a spinlock that nobody holds and every CPU waits for"),
        OBSERVED_BY(unlock_seen), BY_HOOK(unlock_by_hook), WRITES(qspinlock.locked), FUEL(400000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    require_free(object, evidence0, evidence1);
    object->locked = 0;
}

ROUTINE(unlock_by_hook,
        SUMMARY("asks the hook to release a spinlock that nobody holds and every CPU waits for"),
        FUEL(400000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    require_free(object, evidence0, evidence1);
    hook::release(address_of(object), evidence0);
}
