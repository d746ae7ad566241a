// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the views of the machine's state report.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_STAT_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_STAT_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_MACHINE 280u
#define DEFIB_RECORD_CPU 281u

struct DefibMachineRecord {
    uint64_t uptime_ns;
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t file_pages;
    uint64_t anonymous_pages;
    uint64_t shared_pages;
    uint64_t swap_total_pages;
    uint64_t swap_free_pages;
    uint64_t load[3];  // 1, 5, 15 minutes; fixed point with 11 bits
    // CPU, memory, I/O; of each `some` and `full`; of these 10, 60, 300 s: percent with 11 bits.
    uint64_t pressure[18];
    uint64_t pressure_ns[6];  // the sums since boot of the same six
    uint64_t swapped_in;      // pages, since boot
    uint64_t swapped_out;
    uint64_t faults;
    uint64_t major_faults;
    uint64_t oom_kills;
    uint64_t scanned_by_kswapd;  // pages looked at to be freed
    uint64_t scanned_directly;   // the same, by who wanted memory
    uint64_t forks;
    uint64_t rcu_sequence;  // of grace periods; the low two bits are the state
    uint64_t rcu_age_ns;    // since the current or last one began
    uint32_t threads;
    int32_t rcu_state;  // of the thread that drives it: enum of kernel/rcu/tree.h, 1 is waiting
    int32_t rcu_flags;  // 1: a grace period is wanted
    uint32_t reserved;
};

struct DefibCpuRecord {
    uint64_t user_ns;
    uint64_t nice_ns;
    uint64_t system_ns;
    uint64_t irq_ns;
    uint64_t softirq_ns;
    uint64_t idle_ns;
    uint64_t iowait_ns;
    uint64_t steal_ns;
    uint64_t switches;
    uint64_t task;
    uint32_t cpu;
    uint32_t running;        // tasks on its run queue
    int32_t waiting_for_io;  // tasks that went to sleep there
    int32_t preempt_count;
    int32_t pid;           // of what runs
    uint32_t rcu_awaited;  // the grace period waits for this CPU
    char comm[16];
};

#endif
