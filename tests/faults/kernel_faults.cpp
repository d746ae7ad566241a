// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/fault.h"

namespace defib::faults {
namespace {

// Longer than any pause of a guest that is well on a machine that is busy.
constexpr uint32_t SILENCE_MS = 4000;
constexpr Evidence SILENCE{Sign::BEATS_STOP, "", SILENCE_MS};
constexpr Evidence ALIVE{Sign::BEATS_GO_ON};

constexpr Evidence log_says(const char* text) {
    return {Sign::LOG_SAYS, text};
}
constexpr Evidence tasks(const char* name, char state, uint32_t count) {
    return {Sign::TASKS, name, count, state};
}

constexpr Conditions LOCKUP{.settings = {SOON_LOCKUP}};
constexpr Conditions HUNG{.settings = {SOON_HUNG}};

constexpr Fault FAULTS[] = {
    {.name = "f1a",
     .kind = Kind::KERNEL,
     .what = "all CPUs wait, interrupts on, for a raw spinlock that was leaked",
     .guest = LOCKUP,
     .parameter = "f1a",
     .symptom = {SILENCE, log_says("soft lockup - CPU#.*\\[f1a/")}},
    {.name = "f1a_queue",
     .kind = Kind::KERNEL,
     .what = "f1a with the real queue of waiters (MCS)",
     .guest = {.cpus = 4, .queued_spinlocks = true, .settings = {SOON_LOCKUP}},
     .parameter = "f1a",
     .symptom = {SILENCE, log_says("soft lockup - CPU#.*\\[f1a/")},
     .note = "without the hypervisor bit: virt_spin_lock() is passed over"},
    {.name = "f1b",
     .kind = Kind::KERNEL,
     .what = "all CPUs wait, interrupts off, for a raw spinlock that was leaked",
     .guest = LOCKUP,
     .parameter = "f1b",
     .symptom = {SILENCE, log_says("leaked the lock"), {Sign::LOG_IS_CLEAN}},
     .note = "silent: no tick looks, and without a PMU there is no hard lockup detector"},
    {.name = "f1b_queue",
     .kind = Kind::KERNEL,
     .what = "f1b with the real queue of waiters (MCS)",
     .guest = {.cpus = 4, .queued_spinlocks = true, .settings = {SOON_LOCKUP}},
     .parameter = "f1b",
     .symptom = {SILENCE, log_says("leaked the lock"), {Sign::LOG_IS_CLEAN}},
     .note = "as f1a_queue and f1b"},
    {.name = "f1c",
     .kind = Kind::KERNEL,
     .what = "2 of 4 CPUs wait, interrupts on, for a leaked raw spinlock in module data",
     .guest = {.cpus = 4, .settings = {SOON_LOCKUP}},
     .parameter = "f1c",
     .symptom = {log_says("soft lockup - CPU#.*\\[f1c/"), ALIVE}},
    {.name = "f1d",
     .kind = Kind::KERNEL,
     .what = "two CPUs hold a raw spinlock each and wait for the other's; the third follows",
     .guest = {.cpus = 3, .settings = {SOON_LOCKUP}},
     .parameter = "f1d",
     .symptom = {SILENCE, log_says("soft lockup - CPU#.*\\[f1d/")},
     .note = "both locks are really held: no unlock is right"},
    {.name = "f2",
     .kind = Kind::KERNEL,
     .what = "a read() per CPU runs for ever in the kernel, but lets others run",
     .programs = {"victim read /dev/defib_loop 2"},
     .symptom = {tasks("v-read", 'R', 2), ALIVE},
     .note = "slows, and nothing is logged"},
    {.name = "f3",
     .kind = Kind::KERNEL,
     .what = "all CPUs run for ever in the kernel, preemption off",
     .guest = LOCKUP,
     .parameter = "f3",
     .symptom = {SILENCE, log_says("soft lockup - CPU#.*\\[f3/")}},
    {.name = "f4",
     .kind = Kind::KERNEL,
     .what = "a device's read never returns, 20 processes wait uninterruptibly",
     .guest = HUNG,
     .programs = {"victim read /dev/defib_never 20"},
     .symptom = {tasks("v-read", 'D', 20), log_says("task v-read.*blocked for more than"), ALIVE}},
    {.name = "f5",
     .kind = Kind::KERNEL,
     .what = "a thread sleeps with a raw spinlock held, all CPUs wait for it",
     .guest = LOCKUP,
     .parameter = "f5",
     .symptom = {SILENCE, log_says("scheduling while atomic: f5/sleeper"),
                 log_says("soft lockup - CPU#.*\\[f5/")},
     .note = "the owner is alive and runnable, and never gets a CPU"},
    {.name = "f6_slab",
     .kind = Kind::KERNEL,
     .what = "slab memory leaks until nothing is left",
     .parameter = "f6_slab",
     .programs = {"victim crowd-asleep 5"},
     .symptom = {log_says("Out of memory: Killed process [0-9]+ \\(v-crowd-asleep\\)"),
                 log_says("Kernel panic - not syncing: System is deadlocked on memory")},
     .note = "the OOM killer finds only the innocent"},
    {.name = "f6_pages",
     .kind = Kind::KERNEL,
     .what = "pages leak until nothing is left",
     .parameter = "f6_pages",
     .programs = {"victim crowd-asleep 5"},
     .symptom = {log_says("Out of memory: Killed process [0-9]+ \\(v-crowd-asleep\\)"),
                 log_says("Kernel panic - not syncing: System is deadlocked on memory")},
     .note = "the OOM killer finds only the innocent"},
    {.name = "mutex",
     .kind = Kind::KERNEL,
     .what = "a mutex is never released, 4 processes queue for it",
     .guest = HUNG,
     .programs = {"victim read /dev/defib_mutex 5"},
     .symptom = {tasks("v-read", 'D', 4),
                 {Sign::PROGRAM_SAYS, "read a byte"},
                 log_says("task v-read.*blocked for more than"),
                 ALIVE}},
    {.name = "lost_wakeup",
     .kind = Kind::KERNEL,
     .what = "a process sleeps uninterruptibly though its condition is true",
     .guest = HUNG,
     .programs = {"victim read /dev/defib_lost 1"},
     .symptom = {tasks("v-read", 'D', 1), log_says("task v-read.*blocked for more than"), ALIVE},
     .note = "one wake-up from anywhere ends it"},
    {.name = "need_resched",
     .kind = Kind::KERNEL,
     .what = "TIF_NEED_RESCHED is set and not folded into the preempt count: an munmap never ends",
     .guest = LOCKUP,
     .programs = {"victim read-unmapped /dev/defib_needresched 64 1"},
     .symptom = {log_says("soft lockup - CPU#.*\\[v-read-unmapped"), ALIVE},
     .note = "not on rt: a fully preemptible kernel looks at the flag after each interrupt"},
    {.name = "need_resched_all",
     .kind = Kind::KERNEL,
     .what = "the same on both CPUs",
     .guest = LOCKUP,
     .programs = {"victim read-unmapped /dev/defib_needresched 64 2"},
     .symptom = {SILENCE, log_says("soft lockup - CPU#.*\\[v-read-unmapped")},
     .note = "as need_resched"},
    {.name = "panic",
     .kind = Kind::KERNEL,
     .what = "the kernel panics",
     .parameter = "panic",
     .symptom = {SILENCE, log_says("Kernel panic - not syncing: defib_fault")}},
    {.name = "oops_mutex",
     .kind = Kind::KERNEL,
     .what = "an oops kills the owner of a mutex, 3 threads wait for it",
     .guest = HUNG,
     .parameter = "oops_mutex",
     .symptom = {log_says("NULL pointer dereference"), tasks("oops/waiter", 'D', 3), ALIVE},
     .note = "panic_on_oops=0, as Debian has it; hung tasks are not reported after an oops "
             "(check_hung_uninterruptible_tasks)"},
    {.name = "oops_spin",
     .kind = Kind::KERNEL,
     .what = "an oops kills the owner of a raw spinlock, all CPUs wait for it",
     .guest = LOCKUP,
     .parameter = "oops_spin",
     .symptom = {SILENCE, log_says("NULL pointer dereference"),
                 log_says("exited with preempt_count 1"), log_says("soft lockup - CPU#.*\\[oops/")},
     .note = "panic_on_oops=0, as Debian has it"},
};

}  // namespace

std::span<const Fault> kernel_faults() {
    return FAULTS;
}

}  // namespace defib::faults
