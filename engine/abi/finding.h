// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Findings: what detectors report. While its condition holds, a detector emits on every run one
// finding for each instance of the fault, followed by the culprits of that one, best first. A
// finding that stops coming has passed by itself, or was repaired.
//
// Frozen: policies name faults, journals hold their numbers. A number is never changed or reused;
// new ones come at the end. What `evidence` means for each fault stands in
// engine/detectors/README.md.
#ifndef DEFIB_ENGINE_ABI_FINDING_H
#define DEFIB_ENGINE_ABI_FINDING_H

#include <stdint.h>

#include "engine/abi/record.h"

// X(NAME, number, "name in policies and journals", "what is wrong, for people")
// clang-format off
#define DEFIB_FAULT_LIST(X)                                                                        \
    X(MEMORY_LOW,          1, "memory_low",          "free memory and swap are nearly gone")       \
    X(MEMORY_FALLING,      2, "memory_falling",      "free memory falls so fast that it will soon be gone") \
    X(MEMORY_PRESSURE,     3, "memory_pressure",     "tasks stand still for want of memory")       \
    X(KERNEL_MEMORY,       4, "kernel_memory",       "the kernel itself, not a process, takes the memory") \
    X(CPU_OVERLOAD,        5, "cpu_overload",        "more work than CPUs, and it waits")          \
    X(REALTIME_STARVATION, 6, "realtime_starvation", "realtime tasks leave others no CPU")         \
    X(KERNEL_LOOP,         7, "kernel_loop",         "a task runs in the kernel without an end, and others get their turn") \
    X(CPU_STUCK,           8, "cpu_stuck",           "a CPU runs one task in the kernel and switches no more") \
    X(INTERRUPTS_DEAD,     9, "interrupts_dead",     "a CPU that is not idle takes no timer interrupt") \
    X(NEED_RESCHED,       10, "need_resched",        "a CPU is asked to reschedule and cannot see it") \
    X(RCU_STALL,          11, "rcu_stall",           "an RCU grace period does not end")           \
    X(TASK_BLOCKED,       12, "task_blocked",        "a task waits uninterruptibly and is never woken") \
    X(LOST_WAKEUP,        13, "lost_wakeup",         "a task sleeps for a lock that is free")      \
    X(LOCK_CYCLE,         14, "lock_cycle",          "tasks wait for each other's locks in a circle") \
    X(LOCK_ABANDONED,     15, "lock_abandoned",      "tasks wait for a lock whose owner is gone")  \
    X(FORK_BOMB,          16, "fork_bomb",           "one process has far too many descendants")   \
    X(THREAD_BOMB,        17, "thread_bomb",         "one process has far too many threads")       \
    X(PIDS_LOW,           18, "pids_low",            "process ids are nearly used up")             \
    X(THREADS_LOW,        19, "threads_low",         "the kernel's limit of threads is nearly reached") \
    X(FILES_LOW,          20, "files_low",           "the kernel's limit of open files is nearly reached") \
    X(SPINLOCK_LEAKED,    21, "spinlock_leaked",     "CPUs spin for a lock that nobody holds")     \
    X(SPINLOCK_HELD,      22, "spinlock_held",       "CPUs spin for a lock that somebody may hold") \
    X(SPINLOCK_SLEEPER,   23, "spinlock_sleeper",    "CPUs spin for a lock whose holder was put to sleep") \
    X(PANIC,              24, "panic",               "the kernel has panicked")                    \
    X(OOPS,               25, "oops",                "the kernel has oopsed and goes on")          \
    X(LOST_LOG_WORK,      26, "lost_log_work",       "a CPU's wake-ups of the log's readers are lost") \
    X(THRASH,             27, "thrash",              "the machine swaps until no swap is left, and stands still meanwhile") \
    X(DISK_BUSY,          28, "disk_busy",           "a disk has more to do than it can, and whoever asks waits long") \
    X(CPU_FAILING,        29, "cpu_failing",         "a CPU reports errors of its own that it could still correct")

#define DEFIB_FAULT_NUMBER(name, number, word, text) DEFIB_FAULT_##name = (number),
enum DefibFault { DEFIB_FAULT_NONE = 0, DEFIB_FAULT_LIST(DEFIB_FAULT_NUMBER) };
#undef DEFIB_FAULT_NUMBER
// clang-format on

#define DEFIB_FINDING_EVIDENCE 8

struct DefibFinding {
    uint32_t fault;     // enum DefibFault
    uint32_t culprits;  // records of DEFIB_RECORD_CULPRIT that follow
    uint64_t key;       // tells instances of one fault apart: a CPU, a lock, a process; 0
    uint64_t since_ns;  // engine clock: from when on the condition was seen to hold
    uint64_t evidence[DEFIB_FINDING_EVIDENCE];
};

// A task that the finding is about, or the group that it leads. Whether it may be acted on is the
// policy's to say: `protection` comes from the responder.
struct DefibCulprit {
    uint64_t task;
    uint64_t start_ns;  // task->start_time: with the pid it says that it is still the same one
    uint64_t weight;    // why it is named, in the unit that the fault's line gives
    uint64_t growth;    // the same per second; 0 where nothing grows
    uint64_t object;    // what it holds or waits for; 0: nothing
    uint64_t cgroup;
    int32_t pid;
    int32_t tgid;
    int32_t ppid;
    uint32_t uid;
    uint32_t cpu;
    uint32_t state;
    uint32_t flags;  // task->flags, PF_*
    int32_t oom_score_adj;
    uint32_t protection;  // 0 from a detector
    uint32_t reserved;
    char comm[16];
};

#endif
