// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How much memory there is, what holds it, and what a process has of it.
#ifndef DEFIB_ENGINE_KERNEL_MEMORY_H
#define DEFIB_ENGINE_KERNEL_MEMORY_H

#include "engine/kernel/per_cpu.h"
#include "engine/kernel/structs.h"

// A counter that is just being changed may be below zero.
inline u64 not_negative(s64 count) {
    return count < 0 ? 0 : static_cast<u64>(count);
}

inline u64 zone_pages(s64 item) {
    return not_negative(
        element(atomic64_t, symbol(atomic64_t, vm_zone_stat), static_cast<u64>(item))->counter);
}

inline u64 node_pages(s64 item) {
    return not_negative(
        element(atomic64_t, symbol(atomic64_t, vm_node_stat), static_cast<u64>(item))->counter);
}

// percpu_counter_sum(): what CPUs have not yet added to the sum counts too.
inline s64 sum_of(kp<percpu_counter> counter) {
    s64 sum = counter->count;
    for (const u32 cpu : present_cpus()) sum += *per_cpu_at(counter->counters, cpu);
    return sum;
}

inline s64 pages_of(kp<mm_struct> mm, u64 kind) {
    if (exists(mm_rss_stat, count)) {
        const auto before = pointer_from<mm_struct___before_percpu_rss>(address_of(mm));
        return before->rss_stat.count[kind].counter;
    }
    return exists(mm_struct, rss_stat) ? sum_of(&mm->rss_stat[kind]) : 0;
}

// get_mm_rss(): file pages, anonymous pages, shared memory; swap is not resident.
inline u64 resident_pages(kp<mm_struct> mm) {
    const s64 file = pages_of(mm, constant(MM_FILEPAGES));
    const s64 anonymous = pages_of(mm, constant(MM_ANONPAGES));
    const s64 shared = pages_of(mm, constant(MM_SHMEMPAGES));
    return not_negative(file + anonymous + shared);
}

#endif
