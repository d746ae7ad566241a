// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How much of a machine stands still for memory or for its disks, as of this very look.
//
// What the kernel shows is late: the averages of PSI lag ten seconds, its totals are added up every
// two (psi_avgs_work()), a CPU's share of them is counted when its state ends, and the clocks of a
// CPU that idles without ticks stand. So the states themselves are looked at, and whoever looks
// often knows the share.
#ifndef DEFIB_ENGINE_KERNEL_PRESSURE_H
#define DEFIB_ENGINE_KERNEL_PRESSURE_H

#include "engine/kernel/cpu.h"

kernel_struct psi_group_cpu {
    u32 state_mask;  // a bit for each of enum psi_states
};
kernel_struct psi_group___cpus {
    kp<psi_group_cpu> pcpu;
};

// Of the CPUs that have anything to do, those on which all of it stands still for memory, in
// percent: what collect_percpu_times() weighs, at one moment. 0 where the kernel keeps no PSI.
inline u32 memory_stall_percent() {
    if (!symbol_exists(psi_system)) return 0;
    const u32 stalled = 1u << static_cast<u32>(enum_value(psi_states, PSI_MEM_FULL));
    const u32 awake = 1u << static_cast<u32>(enum_value(psi_states, PSI_NONIDLE));
    const auto states = symbol(psi_group___cpus, psi_system)->pcpu;
    u32 busy = 0;
    u32 full = 0;
    for (const u32 cpu : online_cpus()) {
        const u32 mask = per_cpu_at(states, cpu)->state_mask;
        if ((mask & awake) == 0) continue;
        busy += 1;
        if ((mask & stalled) != 0) full += 1;
    }
    return busy == 0 ? 0 : full * 100 / busy;
}

// CPUs that idle while tasks of theirs wait for a disk (account_idle_time()), in percent of all.
inline u32 iowait_percent() {
    u32 cpus = 0;
    u32 waiting = 0;
    for (const u32 cpu : online_cpus()) {
        const auto queue = queue_of(cpu);
        cpus += 1;
        if (queue->nr_iowait.counter > 0 && is_idle_task(queue->curr)) waiting += 1;
    }
    return cpus == 0 ? 0 : waiting * 100 / cpus;
}

#endif
