// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib stat`: the machine as a whole, and each of its CPUs.
#include "engine/kernel/memory.h"
#include "engine/kernel/statistics.h"
#include "engine/routines/views/stat_records.h"

namespace {

constexpr u64 CLOCK_START_S = 300;  // INITIAL_JIFFIES: five minutes before its low half wraps
constexpr u64 NS_A_SECOND = 1000000000;
constexpr u64 LOW_HALF = 0xffffffff;
constexpr u64 LOADS = 3;
constexpr u64 AVERAGES = 3;

// Each CPU counts its own (all_vm_events()).
u64 events(u64 item) {
    u64 sum = 0;
    for (const u32 cpu : present_cpus())
        sum += per_cpu(vm_event_state, vm_event_states, cpu)->event[item];
    return sum;
}

u64 since_boot_ns(u64 tick_ns) {
    const u64 ticks_at_boot = (0 - CLOCK_START_S * (NS_A_SECOND / tick_ns)) & LOW_HALF;
    return (*symbol(u64, jiffies) - ticks_at_boot) * tick_ns;
}

// Where ticks stop on idle CPUs, how long they slept is measured, and /proc shows that instead of
// what ticks have counted (get_idle_time() in fs/proc/stat.c). A sleep counts when it has ended.
u64 idle_time(u64 counted, s64 slept) {
    return slept > 0 ? static_cast<u64>(slept) : counted;
}

void take_state(DefibMachineRecord* record, u32 place, kp<psi_group> group, u64 state) {
    for (u32 i = 0; i < AVERAGES; ++i)
        record->pressure[place * AVERAGES + i] = group->avg[state * AVERAGES + i];
    record->pressure_ns[place] = group->total[state];
}

// Percentages and sums are as old as the kernel's last averaging, two seconds at most where
// anything waits (psi_avgs_work()). The whole machine has no CPU full: what runs elsewhere waits
// for nothing, and /proc shows zeros (psi_show()).
void take_pressure(DefibMachineRecord* record, kp<psi_group> group) {
    take_state(record, 0, group, static_cast<u64>(enum_value(psi_states, PSI_CPU_SOME)));
    take_state(record, 2, group, static_cast<u64>(enum_value(psi_states, PSI_MEM_SOME)));
    take_state(record, 3, group, static_cast<u64>(enum_value(psi_states, PSI_MEM_FULL)));
    take_state(record, 4, group, static_cast<u64>(enum_value(psi_states, PSI_IO_SOME)));
    take_state(record, 5, group, static_cast<u64>(enum_value(psi_states, PSI_IO_FULL)));
}

}  // namespace

VIEW(machine, SUMMARY("load, memory, swap, pressure, events, RCU"), FUEL(400000))() {
    const auto record = emit<DefibMachineRecord>(DEFIB_RECORD_MACHINE);
    const u64 tick_ns = *symbol(u64, tick_nsec);
    record->uptime_ns = since_boot_ns(tick_ns);
    record->total_pages = static_cast<u64>(symbol(atomic64_t, _totalram_pages)->counter);
    record->free_pages = zone_pages(enum_value(zone_stat_item, NR_FREE_PAGES));
    record->file_pages = node_pages(enum_value(node_stat_item, NR_FILE_PAGES));
    record->anonymous_pages = node_pages(enum_value(node_stat_item, NR_ANON_MAPPED));
    record->shared_pages = node_pages(enum_value(node_stat_item, NR_SHMEM));
    record->swap_total_pages = *symbol(u64, total_swap_pages);
    const s64 swap_free = symbol(atomic64_t, nr_swap_pages)->counter;
    record->swap_free_pages = swap_free < 0 ? 0 : static_cast<u64>(swap_free);
    for (u32 i = 0; i < LOADS; ++i) record->load[i] = symbol(u64, avenrun)[i];
    if (symbol_exists(psi_system)) take_pressure(record, symbol(psi_group, psi_system));
    record->swapped_in = events(static_cast<u64>(enum_value(vm_event_item, PSWPIN)));
    record->swapped_out = events(static_cast<u64>(enum_value(vm_event_item, PSWPOUT)));
    record->faults = events(static_cast<u64>(enum_value(vm_event_item, PGFAULT)));
    record->major_faults = events(static_cast<u64>(enum_value(vm_event_item, PGMAJFAULT)));
    record->oom_kills = events(static_cast<u64>(enum_value(vm_event_item, OOM_KILL)));
    record->scanned_by_kswapd = events(static_cast<u64>(enum_value(vm_event_item, PGSCAN_KSWAPD)));
    record->scanned_directly = events(static_cast<u64>(enum_value(vm_event_item, PGSCAN_DIRECT)));
    record->forks = *symbol(u64, total_forks);
    record->threads = *symbol(u32, nr_threads);
    const auto rcu = symbol(struct rcu_state, rcu_state);
    record->rcu_sequence = rcu->gp_seq;
    record->rcu_age_ns = (*symbol(u64, jiffies) - rcu->gp_start) * tick_ns;
    record->rcu_state = rcu->gp_state;
    record->rcu_flags = rcu->gp_flags;
}

VIEW(cpus, SUMMARY("time, run queue and current task of each CPU"), FUEL(400000))() {
    for (const u32 cpu : present_cpus()) {
        const auto record = emit<DefibCpuRecord>(DEFIB_RECORD_CPU);
        const auto times = per_cpu(struct kernel_cpustat, kernel_cpustat, cpu);
        const auto tick = per_cpu(tick_sched, tick_cpu_sched, cpu);
        record->cpu = cpu;
        record->user_ns =
            times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_USER))];
        record->nice_ns =
            times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_NICE))];
        record->system_ns =
            times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_SYSTEM))];
        record->irq_ns = times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_IRQ))];
        record->softirq_ns =
            times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_SOFTIRQ))];
        record->steal_ns =
            times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_STEAL))];
        record->idle_ns =
            idle_time(times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_IDLE))],
                      tick->idle_sleeptime);
        record->iowait_ns =
            idle_time(times->cpustat[static_cast<u64>(enum_value(cpu_usage_stat, CPUTIME_IOWAIT))],
                      tick->iowait_sleeptime);
        const auto queue = per_cpu(rq___load, runqueues, cpu);
        record->running = queue->nr_running;
        record->switches = queue->nr_switches;
        record->waiting_for_io = queue->nr_iowait.counter;
        record->preempt_count = preempt_count_of(cpu);
        record->rcu_awaited = is_awaited(cpu) ? 1 : 0;
        const auto task = queue->curr;
        record->task = address_of(task);
        record->pid = task->pid;
        for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = task->comm[i];
    }
}
