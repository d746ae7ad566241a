// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the kernel counts: CPU time, run queues, memory, events, pressure.
#ifndef DEFIB_ENGINE_KERNEL_STATISTICS_H
#define DEFIB_ENGINE_KERNEL_STATISTICS_H

#include "engine/kernel/per_cpu.h"
#include "engine/kernel/structs.h"

kernel_struct kernel_cpustat {
    u64 cpustat[10];  // by enum cpu_usage_stat, nanoseconds
};
kernel_struct vm_event_state {
    u64 event[64];  // by enum vm_event_item; more, by configuration
};
kernel_struct tick_sched {
    s64 idle_sleeptime;
    s64 iowait_sleeptime;
};
kernel_struct rq___load {
    u32 nr_running;
    u64 nr_switches;
    atomic_t nr_iowait;
    kp<task_struct> curr;
};
kernel_struct psi_group {
    u64 avg[18];   // three averages for each of enum psi_states, fixed point with 11 bits
    u64 total[6];  // ns, by enum psi_states; a second row is for pollers
};
kernel_struct rcu_state {
    u64 gp_seq;
    u64 gp_start;  // jiffies
    s16 gp_state;  // where the grace-period thread is: RCU_GP_IDLE ... in kernel/rcu/tree.h
    s16 gp_flags;
};
kernel_struct rcu_node {
    u64 qsmask;  // CPUs and groups of them that the grace period waits for
};
kernel_struct rcu_data {
    kp<rcu_node> mynode;
    u64 grpmask;  // this CPU's bit in the node's mask
};
// 6.2 (64701838bf05) to 6.14; before and after it is __preempt_count.
kernel_struct pcpu_hot {
    s32 preempt_count;
};

// Whether the grace period waits for this CPU (rcu_gp_init() sets the bits, rcu_report_qs_rnp()
// clears them).
inline bool is_awaited(u32 cpu) {
    const auto data = per_cpu(struct rcu_data, rcu_data, cpu);
    return (data->mynode->qsmask & data->grpmask) != 0;
}

inline s32 preempt_count_of(u32 cpu) {
    if (symbol_exists(pcpu_hot) && exists(pcpu_hot, preempt_count))
        return per_cpu(pcpu_hot, pcpu_hot, cpu)->preempt_count;
    if (symbol_exists(__preempt_count)) return *per_cpu(s32, __preempt_count, cpu);
    return 0;
}

#endif
