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
//           That a CPU waits may there be shown by its beat too (engine/kernel/beats.h), which is
//           how those with interrupts off are known. And it need not be every CPU, if some wait
//           with their interrupts off and evidence1 is the sum of the switches of just these: then
//           the detector has seen all others without a spinlock at one moment at which the lock was
//           taken (engine/detectors/spinlock.cpp), so that nobody can unlock it any more. Such a
//           CPU answers no IPI, and the others come to stand behind it. Where all wait with
//           interrupts on the rest goes on, and nothing is written on the strength of that moment.
// undone    not at all; who had got in is inside.
#include "engine/kernel/spin_queue.h"
#include "engine/routines/asking.h"

kernel_struct qspinlock {
    u8 locked;
};
kernel_struct qspinlock___word {
    atomic_t val;
};

namespace {

constexpr u64 LOCKED = 1;

u32 word_of(kp<qspinlock> lock) {
    const auto same = pointer_from<qspinlock___word>(address_of(lock));
    return static_cast<u32>(same->val.counter);
}

u64 switches() {
    u64 sum = 0;
    for (const u32 cpu : online_cpus()) sum += queue::switches_of(cpu);
    return sum;
}

// Ends the routine unless the word is that, of a lock that is taken.
void require_taken(kp<qspinlock> object, u32 evidence0) {
    queue::require_native();
    const u32 word = word_of(object);
    if (word != evidence0) give_up(DEFIB_REASON_CHANGED);
    const u64 locked = word & constant(_Q_LOCKED_MASK);
    if (constant_exists(_Q_SLOW_VAL) && locked == constant(_Q_SLOW_VAL))
        give_up(DEFIB_REASON_PARAVIRTUAL);
    if (locked != LOCKED) give_up(DEFIB_REASON_STATE);
}

// Of the CPUs that wait: how many do so without a node. One that has a node which does not lead to
// the queue's end has been cut off from it, and may be the lock's owner (queue.cpp): that ends the
// routine.
struct Order {
    u32 word;
    u64 last;
    u32 without;
};

Order order_of(u32 word) {
    return {word, queue::has_tail(word) ? queue::last_node(word) : 0, 0};
}

void require_in_order(Order& order, u32 cpu) {
    const auto node = queue::innermost_node(cpu);
    if (node == nullptr)
        ++order.without;
    else if (order.last == 0 || !queue::leads_to(node, order.last))
        give_up(DEFIB_REASON_NOT_PROVED);
}

// One waits without a node where the pending bit is set, and all of them where nothing but the
// locked byte is: they spin on test-and-set.
void require_whole(const Order& order) {
    const bool is_pending = (order.word & constant(_Q_PENDING_MASK)) != 0;
    if (order.word != LOCKED && order.without > (is_pending ? 1U : 0U))
        give_up(DEFIB_REASON_NOT_PROVED);
}

// Ends the routine unless every CPU waits: in the queue, or as a frame or a beat tells.
void require_all_waiting(u64 lock, u32 word, const queue::Beats& beats) {
    Order order = order_of(word);
    for (const u32 cpu : online_cpus()) {
        require_in_order(order, cpu);
        if (order.last != 0) continue;
        const bool waits = (beats.ring != 0 && queue::registers_in_beat(beats, cpu, lock) != 0) ||
                           queue::registers_in_frame(cpu, lock) != 0;
        if (!waits) give_up(DEFIB_REASON_NOT_PROVED);
    }
    require_whole(order);
}

// Ends the routine unless those who wait with their interrupts off are the ones that were found.
void require_found_waiting(u64 lock, u32 word, u64 evidence1, const queue::Beats& beats) {
    Order order = order_of(word);
    u32 waiters = 0;
    u64 sum = 0;
    for (const u32 cpu : online_cpus()) {
        if (queue::registers_in_beat(beats, cpu, lock) == 0) continue;
        require_in_order(order, cpu);
        ++waiters;
        sum += queue::switches_of(cpu);
    }
    if (waiters == 0 || sum != evidence1) give_up(DEFIB_REASON_CHANGED);
    require_whole(order);
}

}  // namespace

VIEW(unlock_seen, SUMMARY("whether a spinlock that was released is on its way"), FUEL(40000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    const bool moves = word_of(object) != evidence0 && switches() != evidence1;
    return moves ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(
    unlock, SUMMARY("releases a spinlock that nobody holds and every CPU waits for"),
    MUST_HOLD("no paravirtual spinlocks; the word is the one that was found and its byte is set; "
              "no CPU has switched since; every CPU waits for this lock, so none is inside"),
    NOT_UNDONE("who had waited is inside"), OBSERVED_BY(unlock_seen), BY_HOOK(unlock_by_hook),
    WRITES(qspinlock.locked), FUEL(400000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    require_taken(object, evidence0);
    if (switches() != evidence1) give_up(DEFIB_REASON_CHANGED);
    require_all_waiting(address_of(object), evidence0, {0, 0});
    object->locked = 0;
}

ROUTINE(unlock_by_hook,
        SUMMARY("asks the hook to release a spinlock that nobody holds and CPUs wait for"),
        FUEL(400000))
(kp<qspinlock> object, u32 evidence0, u64 evidence1) {
    require_taken(object, evidence0);
    const queue::Beats beats = queue::look_at_beats();
    if (switches() == evidence1)
        require_all_waiting(address_of(object), evidence0, beats);
    else if (beats.ring != 0)
        require_found_waiting(address_of(object), evidence0, evidence1, beats);
    else
        give_up(DEFIB_REASON_CHANGED);
    hook::release(address_of(object), evidence0);
}
