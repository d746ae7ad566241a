// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// CPUs that spin for a lock which never comes, and the proof of who holds it: nobody
// (SPINLOCK_LEAKED: a missing unlock; clearing the locked byte is right), somebody that may yet
// unlock or is itself in a circle (SPINLOCK_HELD: an unlock would corrupt), or a task that went to
// sleep with it (SPINLOCK_SLEEPER).
//
// A CPU waits when for the whole window it ran one task, switched nothing, ran no user code, and
// for three quarters of it an interrupt's frame on its stack shows the slow path with the lock
// (engine/kernel/spinlocks.h). With its interrupts off there is no such frame; where the kernel
// module is loaded each of its beats for three quarters of the window has to show the same
// (engine/kernel/beats.h), and where it is not, such CPUs are INTERRUPTS_DEAD and no more.
//
// The proof that nobody holds lock L, which has been taken since t, when the first such frame was
// seen: in every look it was taken, and its waiters never got it. Whoever holds L took it before t
// and is in the same context still. So every online CPU is looked at, and each must be one of
// these:
//   - it waits for L, and its preempt count is what one raw_spin_lock() makes it, outside of any
//     interrupt: it holds no other spinlock, and not L itself;
//   - it was seen since t with a preempt count of none, outside of interrupts: it held nothing
//   then,
//     and L was taken;
//   - it is idle: the idle task holds nothing.
// Where a CPU waits with its interrupts off the others come to stand behind it, so that few looks
// find them well. But one look that finds all of them so, while L is taken and the rest waits, is
// the proof by itself: nobody held it then, and so nobody can have unlocked it since.
// And no task may have been put to sleep with a spinlock held: __schedule_bug() sets TAINT_WARN, so
// where that is clear none was. Where it is set, the log tells: "scheduling while atomic" with the
// task's name and pid makes it SPINLOCK_SLEEPER; a log without such a line that still has its
// first message is proof again; anything else is doubt, and doubt is SPINLOCK_HELD.
//
// Taken as true: CONFIG_PREEMPT_COUNT, which PREEMPT_DYNAMIC selects; and that no NMI handler
// spins.
#include "engine/detectors/spin_watch.h"

#include "engine/kernel/log.h"
#include "engine/kernel/spin_queue.h"
#include "engine/kernel/tasks.h"

namespace {

constexpr u64 TAINT_WARN = 9;  // include/linux/panic.h
constexpr u32 MOST_LINES = 8192;

// Why it may be held: evidence[5].
enum Doubt : u32 {
    DOUBT_NONE = 0,
    DOUBT_WAITER_HOLDS_MORE = 1,  // a waiter holds another lock, or this one, or is in an interrupt
    DOUBT_CPU_UNKNOWN = 2,        // a CPU that was not seen without a spinlock since
    DOUBT_CPU_UNWATCHED = 3,      // more CPUs than are watched
    DOUBT_SLEEPER = 4,            // some task may sleep with it, and the log does not say
};

struct Verdict {
    u32 doubt;
    u32 cpu;  // the first that may hold it
};

Verdict judge_cpus(SpinWatch* watch, u64 lock, u32 first_ms) {
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) return {DOUBT_CPU_UNWATCHED, cpu};
        if (waits(watch, cpu, lock)) {
            if (watch->cpus[cpu].depth != 1) return {DOUBT_WAITER_HOLDS_MORE, cpu};
            continue;
        }
        const u32 free_ms = watch->cpus[cpu].free_ms;
        if (free_ms != 0 && static_cast<s32>(free_ms - first_ms) > 0) continue;
        if (is_nobodys(watch, lock)) continue;
        return {DOUBT_CPU_UNKNOWN, cpu};
    }
    return {DOUBT_NONE, 0};
}

// "BUG: scheduling while atomic: NAME/PID/0xCOUNT" (__schedule_bug()), three words of it.
constexpr u64 BUG_SCHEDULING_WHILE[] = {0x686373203a475542, 0x20676e696c756465, 0x746120656c696877};
constexpr u64 COUNT_LETTERS = 11;  // "/0x00000002"

u64 letter(const LogText& text, u64 at) {
    return text.words[at / 8] >> at % 8 * 8 & 0xff;
}
bool is_of_sleeper(const LogText& text) {
    return text.length > 40 && text.words[0] == BUG_SCHEDULING_WHILE[0] &&
           text.words[1] == BUG_SCHEDULING_WHILE[1] && text.words[2] == BUG_SCHEDULING_WHILE[2];
}
u32 pid_in(const LogText& text) {
    u32 pid = 0;
    u32 unit = 1;
    for (u64 at = text.length - COUNT_LETTERS - 1; at > 0; --at) {
        const u64 digit = letter(text, at) - '0';
        if (digit > 9) break;
        pid += static_cast<u32>(digit) * unit;
        unit *= 10;
    }
    return pid;
}

// The last one in the log that was put to sleep with a spinlock held, and whether the log goes back
// to the kernel's start.
void ask_log(SpinWatch* watch, u64 lock) {
    if (watch->judged_lock == lock) return;
    watch->judged_lock = lock;
    watch->sleeper = 0;
    const auto ring = log_ring();
    const u64 oldest = oldest_id(ring);
    u64 id = newest_id(ring);
    u64 looked = 0;
    for (; looked < MOST_LINES; ++looked) {
        const LogText text = text_of(ring, id);
        if (text.is_there && is_of_sleeper(text)) {
            watch->sleeper = pid_in(text);
            break;
        }
        if (id == oldest) break;
        id = (id - 1) & LOG_ID_MASK;
    }
    const auto info =
        element(printk_info, ring->desc_ring.infos, oldest & (message_count(ring) - 1));
    watch->is_log_clean = watch->sleeper == 0 && looked < MOST_LINES && info->seq == 0 ? 1 : 0;
}

bool has_warned() {
    return (*symbol(u64, tainted_mask) >> TAINT_WARN & 1) != 0;
}

void name_waiters(SpinWatch* watch, DefibFinding* finding, u64 lock) {
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS || !waits(watch, cpu, lock)) continue;
        const auto culprit = name_culprit(finding, queue_of(cpu)->curr);
        culprit->object = lock;
        culprit->weight = now_ms() - watch->cpus[cpu].since_ms;
    }
}

// So that who unlocks can tell that nobody who waits has run meanwhile: the switches of all CPUs;
// where not all wait, and it is known of the others for good, of those with their interrupts off.
u64 switches_to_tell(SpinWatch* watch, u64 lock, bool do_all_wait) {
    const bool is_of_some = !do_all_wait && is_nobodys(watch, lock);
    u64 sum = 0;
    for (const u32 cpu : online_cpus()) {
        const bool counts = !is_of_some || (cpu < MOST_SPINNERS && waits_unseen(watch, cpu, lock));
        if (counts) sum += queue_of(cpu)->nr_switches;
    }
    return sum;
}

// The switches of a CPU that waits at the end of a queue which the word does not name; 0: of none.
u64 switches_of_cut_off(SpinWatch* watch, u64 lock) {
    if (!symbol_exists(qnodes)) return 0;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS || !waits(watch, cpu, lock)) continue;
        if (queue::node_cut_off(cpu, lock_word(lock)) != 0) return queue_of(cpu)->nr_switches;
    }
    return 0;
}

void report_spin(SpinWatch* watch, u64 lock, u32 window_ms) {
    u32 first_ms = now_ms();
    u32 waiters = 0;
    u32 online = 0;
    for (const u32 cpu : online_cpus()) {
        ++online;
        if (cpu >= MOST_SPINNERS || !waits(watch, cpu, lock)) continue;
        ++waiters;
        if (static_cast<s32>(watch->cpus[cpu].lock_ms - first_ms) < 0)
            first_ms = watch->cpus[cpu].lock_ms;
    }
    if (now_ms() - first_ms < window_ms / 4 * 3) return;
    Verdict verdict = judge_cpus(watch, lock, first_ms);
    kp<task_struct> sleeper = nullptr;
    if (verdict.doubt == DOUBT_NONE && has_warned()) {
        ask_log(watch, lock);
        if (watch->sleeper != 0)
            sleeper = task_of(watch->sleeper, static_cast<u64>(enum_value(pid_type, PIDTYPE_PID)));
        if (watch->is_log_clean == 0) verdict.doubt = DOUBT_SLEEPER;
    }
    // The CPUs that came last are not through their window yet: time may take the doubt away.
    if (verdict.doubt != DOUBT_NONE && now_ms() - first_ms < 2 * window_ms) return;
    const u32 fault = sleeper != nullptr            ? DEFIB_FAULT_SPINLOCK_SLEEPER
                      : verdict.doubt == DOUBT_NONE ? DEFIB_FAULT_SPINLOCK_LEAKED
                                                    : DEFIB_FAULT_SPINLOCK_HELD;
    const auto finding = report(static_cast<DefibFault>(fault), lock, ns_of(first_ms));
    finding->evidence[0] = lock;
    finding->evidence[1] = lock_word(lock);
    finding->evidence[2] = waiters;
    finding->evidence[3] = online;
    finding->evidence[4] = now_ms() - first_ms;
    finding->evidence[5] = verdict.doubt;
    finding->evidence[6] = *symbol(u64, tainted_mask);
    if (fault == DEFIB_FAULT_SPINLOCK_LEAKED)
        finding->evidence[5] = switches_of_cut_off(watch, lock);
    finding->evidence[7] = switches_to_tell(watch, lock, waiters == online);
    if (sleeper != nullptr) name_culprit(finding, sleeper)->object = lock;
    if (verdict.doubt == DOUBT_WAITER_HOLDS_MORE || verdict.doubt == DOUBT_CPU_UNKNOWN)
        name_culprit(finding, queue_of(verdict.cpu)->curr)->object = lock;
    name_waiters(watch, finding, lock);
}

bool is_first_of_lock(SpinWatch* watch, u32 cpu) {
    for (u32 before = 0; before < cpu; ++before)
        if (watch->cpus[before].lock == watch->cpus[cpu].lock) return false;
    return true;
}

}  // namespace

DETECTOR(spinlock, SUMMARY("CPUs that spin for a lock which never comes, and who holds it"),
         PERIOD_MS(20), FUEL(2000000))(u32 window_ms) {
    const auto watch = remember<SpinWatch>();
    if (has_panicked()) return;
    watch->ring = serving_ring();
    bool is_any = false;
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) break;
        look_at_cpu(watch, cpu, window_ms);
        is_any |= watch->cpus[cpu].lock != 0;
    }
    if (!is_any) {
        watch->judged_lock = 0;
        watch->nobodys = 0;
        return;
    }
    if (watch->ring != 0) note_nobodys(watch);
    for (const u32 cpu : online_cpus()) {
        if (cpu >= MOST_SPINNERS) break;
        if (watch->cpus[cpu].lock != 0 && is_first_of_lock(watch, cpu))
            report_spin(watch, watch->cpus[cpu].lock, window_ms);
    }
}
