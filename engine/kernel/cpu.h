// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a CPU is at.
#ifndef DEFIB_ENGINE_KERNEL_CPU_H
#define DEFIB_ENGINE_KERNEL_CPU_H

#include "engine/kernel/statistics.h"

kernel_struct irq_cpustat_t {
    u32 apic_timer_irqs;
};

inline kp<rq___load> queue_of(u32 cpu) {
    return per_cpu(rq___load, runqueues, cpu);
}

// init_idle() marks the idle task of each CPU.
inline bool is_idle_task(kp<task_struct> task) {
    return (task->flags & constant(PF_IDLE)) != 0 || task->pid == 0;
}

// local_apic_timer_interrupt() counts: the tick, and other timers of that CPU.
inline u32 timer_interrupts(u32 cpu) {
    return per_cpu(irq_cpustat_t, irq_stat, cpu)->apic_timer_irqs;
}

inline u64 time_of(u32 cpu, s64 kind) {
    return per_cpu(struct kernel_cpustat, kernel_cpustat, cpu)->cpustat[static_cast<u64>(kind)];
}
// A tick that finds user code running adds to one of them (account_user_time()).
inline u64 user_time(u32 cpu) {
    return time_of(cpu, enum_value(cpu_usage_stat, CPUTIME_USER)) +
           time_of(cpu, enum_value(cpu_usage_stat, CPUTIME_NICE));
}

// The CPU's own nesting of spinlocks and preempt_disable(); what interrupts add is above.
inline u32 preempt_depth(s32 count) {
    return static_cast<u32>(count) & static_cast<u32>(constant(PREEMPT_MASK));
}
inline bool is_in_interrupt(s32 count) {
    return (static_cast<u32>(count) &
            static_cast<u32>(constant(SOFTIRQ_MASK) | constant(HARDIRQ_MASK) |
                             constant(NMI_MASK))) != 0;
}

// panic() sets the CPU that does it, and stops the others with their interrupts off: from then on
// nothing that a CPU does or leaves undone is a fault of its own.
inline bool has_panicked() {
    return symbol(atomic_t, panic_cpu)->counter != -1;
}

#endif
