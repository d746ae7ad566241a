// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/cases.h"

#include <algorithm>

namespace defib::matrix {
namespace {

constexpr Case CASES[] = {
    {"f1a", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f1a_8_cpus", Outlook::ENDED, "spinlock_leaked", "", "", "f1a", 8},
    {"f1a_queue", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f1b", Outlook::SAID, "interrupts_dead", "",
     "with interrupts off no frame of an interrupt names the lock; needs the kernel module's NMI"},
    {"f1b_queue", Outlook::SAID, "interrupts_dead", "",
     "as f1b: the queue's nodes are found, the lock that they wait for is not"},
    {"f1b_some", Outlook::SAID, "interrupts_dead", "", "as f1b"},
    {"f1c", Outlook::SAID, "spinlock_", "",
     "two CPUs do other work, and one of them could hold the lock"},
    {"f1d", Outlook::SAID, "spinlock_held", "", "both locks are really held: no unlock is right"},
    {"f1d_irqs_off", Outlook::SAID, "interrupts_dead", "",
     "both locks are really held: no unlock is right"},
    {"f1e", Outlook::SAID, "interrupts_dead", "", "the lock is really held: no unlock is right"},
    {"f1f", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f2", Outlook::SAID, "kernel_loop", "",
     "the loop looks at no signal; the machine goes on beside it"},
    {"f3", Outlook::SAID, "cpu_stuck", "", "preemption is off, so the loop gives no CPU back"},
    {"f4", Outlook::SAID, "task_blocked", "", "what they wait for never comes"},
    {"f5", Outlook::SAID, "spinlock_sleeper", "",
     "the lock is held: its holder needs a CPU, and all of them wait for the lock"},
    {"f6_slab", Outlook::SAID, "kernel_memory", "", "the kernel itself has it: no process to end"},
    {"f6_pages", Outlook::SAID, "kernel_memory", "", "the kernel itself has it: no process to end"},
    {"mutex", Outlook::SAID, "task_blocked", "",
     "the owner lives: what the lock protects may be half done"},
    {"mutex_cycle", Outlook::SAID, "lock_cycle", "", "both locks are held: no unlock is right"},
    {"mutex_forgotten", Outlook::ENDED, "lost_wakeup", "v-read", ""},
    {"rwsem", Outlook::SAID, "task_blocked", "",
     "the readers live: what the lock protects may be half read"},
    {"lost_wakeup", Outlook::SAID, "task_blocked", "",
     "nothing in memory tells that its condition is true; by hand, `defib act wake` ends it"},
    {"need_resched", Outlook::ENDED, "need_resched", "v-read-unmapped", ""},
    {"need_resched_all", Outlook::ENDED, "need_resched", "v-read-unmapped", ""},
    {"panic", Outlook::SAID, "panic", "", "a kernel that has panicked never runs again"},
    {"oops_mutex", Outlook::SAID, "lock_abandoned", "",
     "the owner is dead: what the lock protects may be half done"},
    {"oops_spin", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"hog", Outlook::ENDED, "memory_", "v-hog", ""},
    {"hog_swap", Outlook::ENDED, "thrash|memory_", "v-hog", ""},
    {"working_set", Outlook::SAID, "memory_pressure", "", "it gets on, and gets there"},
    {"leak", Outlook::ENDED, "memory_", "v-leak", ""},
    {"rt_hogs", Outlook::ENDED, "realtime_starvation", "v-spin-rt", ""},
    {"rt_hogs_unlimited", Outlook::ENDED, "realtime_starvation", "v-spin-rt", ""},
    {"fork_bomb", Outlook::ENDED, "fork_bomb", "v-fork-bomb", ""},
    {"thread_bomb", Outlook::SAID, "thread_bomb", "",
     "acted on only when the threads of the machine run out"},
    {"pid_exhaustion", Outlook::ENDED, "pids_low", "v-thread-bomb", ""},
    {"thread_exhaustion", Outlook::ENDED, "threads_low", "v-thread-bomb", ""},
    {"file_exhaustion", Outlook::SAID, "files_low", "", "who has the files open is not looked for"},
    {"rcu_reader", Outlook::SAID, "rcu_stall", "", "the section is left by nobody else"},
    {"crowd_busy", Outlook::SAID, "cpu_overload", "", "much work is no crime"},
    {"cpu_hogs", Outlook::ALONE, "", "", "two tasks for each CPU are a busy machine"},
    {"crowd_asleep", Outlook::ALONE, "", "", "a service starts a thousand workers, once"},
    {"killable", Outlook::ALONE, "", "", "a signal ends it"},
    {"vfork", Outlook::ALONE, "", "", "a shell does so all day"},
    {"stopped", Outlook::ALONE, "", "", "somebody stopped it"},
    {"signals", Outlook::ALONE, "", "", "a process like any other"},
};

constexpr Case HOOKED_CASES[] = {
    {"f1a", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f1b", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f1b_queue", Outlook::ENDED, "spinlock_leaked", "", ""},
    {"f1b_some", Outlook::ENDED, "spinlock_", "", ""},
    {"f1c", Outlook::SAID, "spinlock_", "",
     "the machine goes on, and nothing is written on the strength of one moment"},
    {"f1d", Outlook::SAID, "spinlock_held", "", "both locks are really held: no unlock is right"},
    {"f1d_irqs_off", Outlook::SAID, "spinlock_held", "",
     "both locks are really held: no unlock is right"},
    {"f1e", Outlook::SAID, "spinlock_held", "", "the lock is really held: no unlock is right"},
    {"f3", Outlook::SAID, "cpu_stuck", "",
     "preemption is off, and no request of the module's ends a loop"},
    {"f5", Outlook::SAID, "spinlock_sleeper", "",
     "the lock is held: its holder needs a CPU, and all of them wait for the lock"},
};

const Case* find(std::span<const Case> cases, std::string_view fault) {
    const auto found =
        std::ranges::find_if(cases, [&](const Case& one) { return one.name == fault; });
    return found == cases.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Case> all_cases() {
    return CASES;
}

std::span<const Case> hooked_cases() {
    return HOOKED_CASES;
}

const Case* case_of(std::string_view fault) {
    return find(CASES, fault);
}

const Case* hooked_case_of(std::string_view fault) {
    return find(HOOKED_CASES, fault);
}

}  // namespace defib::matrix
