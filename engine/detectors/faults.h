// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which faults each detector reports, for whoever writes a rule: one for a fault that its detector
// never reports would wait for ever, one that wants a victim of a finding that names nobody too.
// default_policy_test holds this table against the sources, detect_test against real kernels.
#ifndef DEFIB_ENGINE_DETECTORS_FAULTS_H
#define DEFIB_ENGINE_DETECTORS_FAULTS_H

#include "engine/abi/finding.h"

// X(detector, fault, names): NOBODY; WHO, with a weight; or WHO_GROWS, with growth as well.
#define DEFIB_DETECTOR_FAULTS(X)                     \
    X(blocked, LOCK_ABANDONED, WHO)                  \
    X(blocked, LOCK_CYCLE, WHO)                      \
    X(blocked, LOST_WAKEUP, WHO)                     \
    X(blocked, TASK_BLOCKED, WHO)                    \
    X(bombs, FORK_BOMB, WHO)                         \
    X(bombs, THREAD_BOMB, WHO)                       \
    X(cpu_failing, CPU_FAILING, NOBODY)              \
    X(cpu_overload, CPU_OVERLOAD, WHO_GROWS)         \
    X(cpu_stuck, CPU_STUCK, WHO)                     \
    X(disk_busy, DISK_BUSY, WHO_GROWS)               \
    X(exhaustion, FILES_LOW, NOBODY)                 \
    X(exhaustion, PIDS_LOW, WHO)                     \
    X(exhaustion, THREADS_LOW, WHO)                  \
    X(interrupts_dead, INTERRUPTS_DEAD, WHO)         \
    X(kernel_loop, KERNEL_LOOP, WHO)                 \
    X(lost_log_work, LOST_LOG_WORK, NOBODY)          \
    X(memory, KERNEL_MEMORY, NOBODY)                 \
    X(memory, MEMORY_FALLING, WHO_GROWS)             \
    X(memory, MEMORY_LOW, WHO_GROWS)                 \
    X(memory, MEMORY_PRESSURE, WHO_GROWS)            \
    X(need_resched, NEED_RESCHED, WHO)               \
    X(panic, OOPS, NOBODY)                           \
    X(panic, PANIC, NOBODY)                          \
    X(rcu_stall, RCU_STALL, WHO)                     \
    X(realtime_starvation, REALTIME_STARVATION, WHO) \
    X(spinlock, SPINLOCK_HELD, WHO)                  \
    X(spinlock, SPINLOCK_LEAKED, WHO)                \
    X(spinlock, SPINLOCK_SLEEPER, WHO)               \
    X(thrash, THRASH, WHO_GROWS)

#endif
