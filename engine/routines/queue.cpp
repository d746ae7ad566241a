// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// rescue_queue: lets a CPU go on that was cut off from the queue of a spinlock.
//
// Who stores a queued spinlock's whole word while CPUs wait takes their queue's tail away. The last
// of them takes the lock when its turn comes, finds that the word does not name it as the last,
// believes that somebody is behind it, and waits for him to show himself: for ever, and with the
// lock (queued_spin_lock_slowpath(): `if (!next) next = smp_cond_load_relaxed(&node->next,
// (VAL))`). Whoever comes later waits for the lock. No unlock is right, as the lock has an owner;
// but that one can be given the successor it waits for: a node with which no CPU waits. It hands
// the queue on to it, runs what it took the lock for, and unlocks.
//
// writes    a node in scratch memory, all zero; and its address into `next` of the node of the CPU
//           that was cut off, as the CPU behind it would.
// must hold - Spinlocks are not paravirtual: there a successor is kicked, too (pv_kick_node()).
//           - The lock is taken, and its word does not name that CPU's innermost node, the `next`
//           of
//             which is null.
//           - That CPU was found inside of the slow path, with the lock and this node in its
//             registers, by an interrupt or, with interrupts off, by a beat of the kernel module;
//             and has not switched tasks since the detector saw it so for three quarters of its
//             window (evidence0).
//           - No CPU that waits with a node is in an interrupt: one could be between its place in
//             the queue and the store that shows it to the one before it. That takes an
//             instruction, or as long as the interrupt.
// observed  rescue_seen: the node in scratch memory was handed the queue.
// undone    rescue_cancel: null again, where the CPU has not looked.
#include "engine/abi/scratch.h"
#include "engine/kernel/cpu.h"
#include "engine/kernel/spin_queue.h"

namespace {

constexpr u64 MARK_AT = 0;
constexpr u64 NODE_AT = 16;
constexpr u64 NODE_BYTES = 32;
constexpr u64 LED_FROM_AT = NODE_AT + NODE_BYTES;
constexpr u64 NOTE_BYTES = 8192;  // boot/find/scratch.h: the tail of vmcoreinfo's

kp<u64> scratch_word(u64 at) {
    return scratch<u64>(at, 8);
}

u64 successor() {
    return address_of(scratch<u64>(NODE_AT, NODE_BYTES));
}

u64 locked_at() {
    return offset_of(qnode, mcs) + offset_of(mcs_spinlock, locked);
}

bool is_handed_over() {
    return *scratch<s32>(NODE_AT + locked_at(), 4) != 0;
}

// Whether a CPU that was given it has not looked yet.
bool is_in_use() {
    const u64 from = *scratch_word(LED_FROM_AT);
    if (from == 0 || is_handed_over()) return false;
    return address_of(pointer_from<qnode>(from)->mcs.next) == successor();
}

void require_no_interrupts() {
    for (const u32 cpu : online_cpus()) {
        if (queue::innermost_node(cpu) != nullptr && is_in_interrupt(preempt_count_of(cpu)))
            give_up(DEFIB_REASON_LOCKED);
    }
}

u64 registers_of(u32 cpu, u64 lock, const queue::Beats& beats) {
    const u64 registers = beats.ring == 0 ? 0 : queue::registers_in_beat(beats, cpu, lock);
    return registers != 0 ? registers : queue::registers_in_frame(cpu, lock);
}

// The node of the CPU that was found; 0: there is none any more.
u64 find_cut_off(u64 lock, u32 word, u64 switches) {
    const queue::Beats beats = queue::look_at_beats();
    for (const u32 cpu : online_cpus()) {
        const u64 node = queue::node_cut_off(cpu, word);
        if (node == 0 || queue::switches_of(cpu) != switches) continue;
        const u64 registers = registers_of(cpu, lock, beats);
        if (registers != 0 && queue::is_in_register(registers, node)) return node;
    }
    return 0;
}

void put(kp<u64> place, u64 value) {
    if (*place != value) *place = value;
}

}  // namespace

VIEW(rescue_seen, SUMMARY("whether a CPU that was cut off from a lock's queue has gone on"),
     FUEL(1000))
(u64 object, u64 evidence0) {
    static_cast<void>(object);
    static_cast<void>(evidence0);
    // A view has no scratch memory of its own, and finds it where boot did.
    const u64 base = *symbol(u64, vmcoreinfo_note) + NOTE_BYTES - DEFIB_SCRATCH_SIZE;
    const s32 locked = *pointer_from<const s32>(base + NODE_AT + locked_at());
    return locked != 0 ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(rescue_queue,
        SUMMARY("gives a CPU that was cut off from a spinlock's queue the successor it waits for"),
        MUST_HOLD("no paravirtual spinlocks; the lock is taken and its word does not name that "
                  "CPU, which was seen waiting for a successor and has not switched since; no CPU "
                  "that waits is in an interrupt"),
        OBSERVED_BY(rescue_seen), UNDONE_BY(rescue_cancel), USES_SCRATCH,
        WRITES_FOUND(qnode.mcs.next), FUEL(400000))
(u64 object, u64 evidence0) {
    queue::require_native();
    const u32 word = lock_word(object);
    if ((word & constant(_Q_LOCKED_MASK)) != constant(_Q_LOCKED_VAL)) give_up(DEFIB_REASON_STATE);
    if (size_of_type(qnode) > NODE_BYTES) give_up(DEFIB_REASON_LAYOUT);
    if (is_in_use()) give_up(DEFIB_REASON_SCRATCH_BUSY);
    const u64 node = find_cut_off(object, word, evidence0);
    if (node == 0) give_up(DEFIB_REASON_STATE);
    require_no_interrupts();
    put(scratch_word(MARK_AT), DEFIB_SCRATCH_MARK);
    for (u64 at = NODE_AT; at < LED_FROM_AT; at += 8) put(scratch_word(at), 0);
    put(scratch_word(LED_FROM_AT), node);
    // Last: from here on the CPU may look.
    pointer_from<qnode>(node)->mcs.next = scratch<u64>(NODE_AT, NODE_BYTES);
}

ROUTINE(rescue_cancel,
        SUMMARY("takes back the successor that a CPU was given, unless it has looked"),
        USES_SCRATCH, WRITES_FOUND(qnode.mcs.next), FUEL(1000))
(u64 object, u64 evidence0) {
    static_cast<void>(object);
    static_cast<void>(evidence0);
    if (!is_in_use()) return;
    pointer_from<qnode>(*scratch_word(LED_FROM_AT))->mcs.next = nullptr;
    *scratch_word(LED_FROM_AT) = 0;
}
