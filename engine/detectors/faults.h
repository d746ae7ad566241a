// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which faults each detector reports, for whoever writes a rule: one for a fault that its detector
// never reports would wait for ever. default_policy_test holds this table against the sources.
#ifndef DEFIB_ENGINE_DETECTORS_FAULTS_H
#define DEFIB_ENGINE_DETECTORS_FAULTS_H

#include "engine/abi/finding.h"

// X(detector, fault)
#define DEFIB_DETECTOR_FAULTS(X)                \
    X(blocked, LOCK_ABANDONED)                  \
    X(blocked, LOCK_CYCLE)                      \
    X(blocked, LOST_WAKEUP)                     \
    X(blocked, TASK_BLOCKED)                    \
    X(bombs, FORK_BOMB)                         \
    X(bombs, THREAD_BOMB)                       \
    X(cpu_overload, CPU_OVERLOAD)               \
    X(cpu_stuck, CPU_STUCK)                     \
    X(exhaustion, FILES_LOW)                    \
    X(exhaustion, PIDS_LOW)                     \
    X(exhaustion, THREADS_LOW)                  \
    X(interrupts_dead, INTERRUPTS_DEAD)         \
    X(kernel_loop, KERNEL_LOOP)                 \
    X(lost_log_work, LOST_LOG_WORK)             \
    X(memory, KERNEL_MEMORY)                    \
    X(memory, MEMORY_FALLING)                   \
    X(memory, MEMORY_LOW)                       \
    X(memory, MEMORY_PRESSURE)                  \
    X(need_resched, NEED_RESCHED)               \
    X(panic, OOPS)                              \
    X(panic, PANIC)                             \
    X(rcu_stall, RCU_STALL)                     \
    X(realtime_starvation, REALTIME_STARVATION) \
    X(spinlock, SPINLOCK_HELD)                  \
    X(spinlock, SPINLOCK_LEAKED)                \
    X(spinlock, SPINLOCK_SLEEPER)

#endif
