// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether the kernel is about to change what a routine wants to: it holds the mutex for it then.
//
// It is not locked out, only looked at: who takes the mutex between the look and the store is not
// seen. What hangs on that, each routine says.
#ifndef DEFIB_ENGINE_ROUTINES_QUIET_H
#define DEFIB_ENGINE_ROUTINES_QUIET_H

#include "engine/abi/reason.h"
#include "engine/kernel/locks.h"

// With PREEMPT_RT.
kernel_struct mutex___realtime {
    rt_mutex_base rtmutex;
};

inline bool is_held(kp<mutex> lock) {
    if (!exists(mutex___realtime, rtmutex) || exists(mutex, owner)) return lock->owner.counter != 0;
    return pointer_from<mutex___realtime>(address_of(lock))->rtmutex.owner != nullptr;
}

inline void require_free(kp<mutex> lock) {
    if (is_held(lock)) give_up(DEFIB_REASON_LOCKED);
}

#endif
