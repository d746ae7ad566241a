// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/detect/expected.h"

#include <algorithm>

namespace defib::detect {

const std::vector<Expected>& all_expected() {
    static const std::vector<DefibFault> STUCK = {DEFIB_FAULT_CPU_STUCK, DEFIB_FAULT_RCU_STALL,
                                                  DEFIB_FAULT_CPU_OVERLOAD,
                                                  DEFIB_FAULT_TASK_BLOCKED};
    static const std::vector<DefibFault> DEAD = {DEFIB_FAULT_INTERRUPTS_DEAD, DEFIB_FAULT_CPU_STUCK,
                                                 DEFIB_FAULT_RCU_STALL, DEFIB_FAULT_CPU_OVERLOAD,
                                                 DEFIB_FAULT_TASK_BLOCKED};
    static const std::vector<DefibFault> BUSY = {DEFIB_FAULT_CPU_OVERLOAD};
    static const std::vector<DefibFault> SHORT = {
        DEFIB_FAULT_MEMORY_LOW, DEFIB_FAULT_MEMORY_FALLING, DEFIB_FAULT_MEMORY_PRESSURE,
        DEFIB_FAULT_DISK_BUSY};
    static const std::vector<DefibFault> EATEN = {DEFIB_FAULT_MEMORY_FALLING,
                                                  DEFIB_FAULT_MEMORY_PRESSURE, DEFIB_FAULT_PANIC};
    static const std::vector<DefibFault> OOPSED = {DEFIB_FAULT_OOPS, DEFIB_FAULT_CPU_STUCK,
                                                   DEFIB_FAULT_RCU_STALL, DEFIB_FAULT_CPU_OVERLOAD,
                                                   DEFIB_FAULT_TASK_BLOCKED};
    static const std::vector<Expected> ALL = {
        {"f1a", DEFIB_FAULT_SPINLOCK_LEAKED, "f1a/", STUCK},
        {"f1a_queue", DEFIB_FAULT_SPINLOCK_LEAKED, "f1a/", STUCK},
        {"f1b", DEFIB_FAULT_INTERRUPTS_DEAD, "f1b/", DEAD},
        {"f1b_queue", DEFIB_FAULT_INTERRUPTS_DEAD, "f1b/", DEAD},
        {"f1b_some", DEFIB_FAULT_INTERRUPTS_DEAD, "f1b/", DEAD},
        {"f1c", DEFIB_FAULT_SPINLOCK_LEAKED, "f1c/", STUCK},
        {"f1d", DEFIB_FAULT_SPINLOCK_HELD, "f1d/", STUCK},
        {"f1d_irqs_off", DEFIB_FAULT_INTERRUPTS_DEAD, "f1d/", DEAD},
        {"f1e", DEFIB_FAULT_INTERRUPTS_DEAD, "f1e/", DEAD},
        {"f1f", DEFIB_FAULT_SPINLOCK_LEAKED, "f1f/", STUCK},
        {"f2", DEFIB_FAULT_KERNEL_LOOP, "v-read", BUSY},
        {"f3", DEFIB_FAULT_CPU_STUCK, "f3/", STUCK},
        {"f4", DEFIB_FAULT_TASK_BLOCKED, "v-read", {}},
        {"f5", DEFIB_FAULT_SPINLOCK_SLEEPER, "f5/sleeper", STUCK},
        {"f6_slab", DEFIB_FAULT_KERNEL_MEMORY, "", EATEN},
        {"f6_pages", DEFIB_FAULT_KERNEL_MEMORY, "", EATEN},
        {"mutex", DEFIB_FAULT_TASK_BLOCKED, "v-read", {}},
        {"mutex_cycle", DEFIB_FAULT_LOCK_CYCLE, "cycle", {}},
        {"mutex_forgotten", DEFIB_FAULT_LOST_WAKEUP, "v-read", {}},
        {"rwsem", DEFIB_FAULT_TASK_BLOCKED, "v-read", {}},
        {"lost_wakeup", DEFIB_FAULT_TASK_BLOCKED, "v-read", {}},
        {"need_resched", DEFIB_FAULT_NEED_RESCHED, "v-read-unmapped", STUCK},
        {"need_resched_all", DEFIB_FAULT_NEED_RESCHED, "v-read-unmapped", STUCK},
        {"rcu_reader", DEFIB_FAULT_RCU_STALL, "rcu_reader", STUCK},
        {"panic", DEFIB_FAULT_PANIC, "", {}},
        {"oops_mutex", DEFIB_FAULT_LOCK_ABANDONED, "oops/waiter", {DEFIB_FAULT_OOPS}},
        {"oops_spin", DEFIB_FAULT_SPINLOCK_LEAKED, "oops/", OOPSED},
        {"hog", DEFIB_FAULT_MEMORY_LOW, "v-hog", SHORT},
        {"hog_swap", DEFIB_FAULT_THRASH, "v-hog", SHORT},
        {"leak", DEFIB_FAULT_MEMORY_LOW, "v-leak", SHORT},
        {"working_set", DEFIB_FAULT_MEMORY_PRESSURE, "v-swapper", {DEFIB_FAULT_DISK_BUSY}},
        {"cpu_hogs", DEFIB_FAULT_CPU_OVERLOAD, "v-spin", {}},
        {"rt_hogs", DEFIB_FAULT_REALTIME_STARVATION, "v-spin-rt", BUSY},
        {"rt_hogs_unlimited",
         DEFIB_FAULT_REALTIME_STARVATION,
         "v-spin-rt",
         {DEFIB_FAULT_CPU_OVERLOAD, DEFIB_FAULT_RCU_STALL}},
        {"fork_bomb", DEFIB_FAULT_FORK_BOMB, "v-fork-bomb", BUSY},
        {"thread_bomb", DEFIB_FAULT_THREAD_BOMB, "v-thread-bomb", BUSY},
        {"crowd_busy", DEFIB_FAULT_CPU_OVERLOAD, "v-crowd-busy", {}},
        {"pid_exhaustion", DEFIB_FAULT_PIDS_LOW, "v-thread-bomb", {DEFIB_FAULT_THREAD_BOMB}},
        {"thread_exhaustion",
         DEFIB_FAULT_THREADS_LOW,
         "v-thread-bomb",
         {DEFIB_FAULT_THREAD_BOMB, DEFIB_FAULT_PIDS_LOW}},
        {"file_exhaustion", DEFIB_FAULT_FILES_LOW, "", {}},
    };
    return ALL;
}

const Expected* expected_of(std::string_view fault) {
    const auto found = std::ranges::find_if(
        all_expected(), [&](const Expected& one) { return one.fault == fault; });
    return found == all_expected().end() ? nullptr : &*found;
}

bool is_it(const Found& found, const Expected& expected) {
    if (found.fault() != expected.finding) return false;
    if (*expected.culprit == 0) return found.culprits.empty();
    return !found.culprits.empty() &&
           std::string_view(found.culprits.front().comm).starts_with(expected.culprit);
}

}  // namespace defib::detect
