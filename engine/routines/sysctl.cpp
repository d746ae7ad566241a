// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Settings of the kernel, one routine each: what is not here cannot be set.
//
// writes    the one variable behind the setting, in its width, as its handler does
//           (proc_dointvec_minmax(), sysctl_max_threads()); the kernel reads it at its next use.
// must hold the value is one that /proc/sys would take.
// observed  NAME_seen: the variable has the value.
// undone    by itself, with the old value, which plan and journal show.
//
// set_max_threads: no process or thread is made beyond so many (copy_process() compares nr_threads
// with it): a fork bomb stands. It binds root too, so what is to clean up needs room: not below 64.
// set_oom_kill_allocating_task: the OOM killer takes who asks (out_of_memory()).
// set_overcommit_memory: 2 refuses memory beyond the limit instead of killing for it later
// (__vm_enough_memory()). set_swappiness: what reclaim prefers (get_scan_count()).
#include "engine/abi/reason.h"
#include "engine/kernel/language.h"

namespace {

// The smallest that still lets an administrator in, and MAX_THREADS of kernel/fork.c.
constexpr s32 LEAST_THREADS = 64;
constexpr s32 MOST_THREADS = 0x3fffffff;

}  // namespace

#define SETTING(name, variable, summary, least, most)                                       \
    VIEW(name##_seen, SUMMARY("whether " #variable " has that value"))(s32 value) {         \
        return *symbol(s32, variable) == value ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET; \
    }                                                                                       \
    ROUTINE(name, SUMMARY(summary), MUST_HOLD("a value that /proc/sys would take"),         \
            OBSERVED_BY(name##_seen), UNDONE_BY(name), WRITES_SYMBOL(variable))             \
    (s32 value) {                                                                           \
        if (value < (least) || value > (most)) give_up(DEFIB_REASON_ARGUMENT);              \
        *symbol(s32, variable) = value;                                                     \
    }

SETTING(set_max_threads, max_threads, "limits the threads of the whole machine", LEAST_THREADS,
        MOST_THREADS)
SETTING(set_oom_kill_allocating_task, sysctl_oom_kill_allocating_task,
        "whether who runs out of memory is killed for it", 0, 1)
SETTING(set_overcommit_memory, sysctl_overcommit_memory,
        "whether memory is promised beyond what there is", 0, 2)
SETTING(set_swappiness, vm_swappiness, "how soon reclaim swaps", 0, 200)
