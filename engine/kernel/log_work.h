// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The one lazy irq_work that kernels have: each CPU's own, by which printk wakes the readers of the
// log (wake_up_klogd_work in kernel/printk/printk.c, queued by __wake_up_klogd()).
//
// irq_work_claim() sets its flags, llist_add() puts it on the CPU's lazy_list, and the next tick
// takes the whole list and runs it (irq_work_run_list() in kernel/irq_work.c, in the interrupt
// itself): it is claimed and on no list for some instructions of its CPU, never across two of its
// ticks. Whoever stores into lazy_list from outside may throw it off the list just when it came;
// then it stays claimed for ever, irq_work_claim() says "is queued already", and that CPU wakes no
// reader any more.
#ifndef DEFIB_ENGINE_KERNEL_LOG_WORK_H
#define DEFIB_ENGINE_KERNEL_LOG_WORK_H

#include "engine/kernel/per_cpu.h"

kernel_part __call_single_node___log {
    llist_node llist;
    u32 u_flags;
};
kernel_struct irq_work___log {
    __call_single_node___log node;
};

// Only where spinlocks spin: on PREEMPT_RT they are rt_mutexes.
kernel_part raw_spinlock___log {
    u32 raw_lock;
};
kernel_struct spinlock___log {
    raw_spinlock___log rlock;
};

// On PREEMPT_RT a thread runs lazy works, and may be kept from it for long: nothing can be told.
inline bool has_readable_log_work() {
    return exists(spinlock___log, rlock) && symbol_exists(wake_up_klogd_work);
}

inline kp<irq_work___log> log_work_of(u32 cpu) {
    return per_cpu(irq_work___log, wake_up_klogd_work, cpu);
}

inline bool is_log_work_claimed(u32 cpu) {
    const u64 claimed = constant(IRQ_WORK_CLAIMED) | constant(IRQ_WORK_LAZY);
    return (log_work_of(cpu)->node.u_flags & claimed) == claimed;
}

#endif
