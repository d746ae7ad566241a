// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Per-CPU variables and the masks of CPUs:
//
//   for (u32 cpu : possible_cpus()) per_cpu(rq, runqueues, cpu)->nr_running ...
#ifndef DEFIB_ENGINE_KERNEL_PER_CPU_H
#define DEFIB_ENGINE_KERNEL_PER_CPU_H

#include "engine/kernel/structs.h"

// A CPU's copy of what is declared with DEFINE_PER_CPU, or allocated with alloc_percpu().
#define per_cpu(T, name, cpu) (per_cpu_at(symbol(T, name), (cpu)))
template <class T>
inline kp<T> per_cpu_at(kp<T> pointer, u64 cpu) {
    return static_cast<kp<T>>(defib_per_cpu(pointer, cpu));
}

struct CpuWalk {
    struct Position {
        kp<cpumask> mask;
        u32 cpu;
        u32 count;
        u64 word;  // the mask's bits from `cpu` on

        bool operator!=(const Position&) const { return cpu < count; }
        u32 operator*() const { return cpu; }
        Position& operator++() {
            do {
                ++cpu;
                word >>= 1;
                if (cpu % 64 == 0 && cpu < count) word = mask->bits[cpu / 64];
            } while (cpu < count && (word & 1) == 0);
            return *this;
        }
    };

    kp<cpumask> mask;
    u32 count;

    Position begin() const {
        Position position{mask, 0, count, mask->bits[0]};
        if ((position.word & 1) == 0) ++position;
        return position;
    }
    Position end() const { return {mask, count, count, 0}; }
};

// No id is at or above nr_cpu_ids, whatever the mask says.
inline CpuWalk possible_cpus() {
    return {symbol(cpumask, __cpu_possible_mask), *symbol(u32, nr_cpu_ids)};
}
inline CpuWalk online_cpus() {
    return {symbol(cpumask, __cpu_online_mask), *symbol(u32, nr_cpu_ids)};
}
// Those that the machine has. A panic takes all but one off line (stop_this_cpu()), and what they
// did and counted is still there; of one that was unplugged the counts have gone to another.
inline CpuWalk present_cpus() {
    return {symbol(cpumask, __cpu_present_mask), *symbol(u32, nr_cpu_ids)};
}

#endif
