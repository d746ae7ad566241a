// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernel's sleeping locks and who waits for them, and the queue of spinning CPUs.
//
// With PREEMPT_RT every sleeping lock is an rt_mutex inside, and neither mutex_waiter nor
// rwsem_waiter is there: their users ask exists() first.
#ifndef DEFIB_ENGINE_KERNEL_LOCKS_H
#define DEFIB_ENGINE_KERNEL_LOCKS_H

#include "engine/kernel/per_cpu.h"
#include "engine/kernel/structs.h"

kernel_struct mutex {
    atomic_long_t owner;
    list_head wait_list HOLDS(mutex_waiter.list);
};
kernel_struct mutex_waiter {
    list_head list;
    kp<task_struct> task;
};
kernel_struct rw_semaphore {
    atomic_long_t count;  // RWSEM_READER_BIAS for each reader, and flags
    atomic_long_t owner;
    list_head wait_list HOLDS(rwsem_waiter.list);
};
kernel_struct rwsem_waiter {
    list_head list;
    kp<task_struct> task;
    u32 type;
    u64 timeout;
};
kernel_struct rt_mutex_base {
    kp<task_struct> owner;  // bit 0: RT_MUTEX_HAS_WAITERS
};
kernel_struct rt_mutex_waiter {
    kp<rt_mutex_base> lock;
};

kernel_part mcs_spinlock {
    kp<void> next;
    s32 locked;
    s32 count;  // of the first node: how many of a CPU's nodes are in use
};
kernel_struct qnode {
    mcs_spinlock mcs;
};

// What of a task tells where it waits.
kernel_part thread_struct___waits {
    u64 sp;
};
kernel_struct task_struct___waits {
    kp<void> stack;
    thread_struct___waits thread;
    kp<rt_mutex_waiter> pi_blocked_on;
};
kernel_struct rq___current {
    kp<task_struct> curr;
};

#endif
