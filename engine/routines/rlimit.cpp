// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// set_rlimit: gives a process another soft limit, as prlimit(2) does.
//
// writes    signal_struct.rlim[resource].rlim_cur: one aligned word, which the kernel reads where
//           the resource is asked for (may_expand_vm(), copy_process(), alloc_fd()).
// must hold same pid and start time, no init, no thread of the kernel's; the resource is DATA, AS,
//           NPROC or NOFILE (RLIMIT_CPU would need a timer armed, update_rlimit_cpu()); the limit
//           is not above the hard one.
// observed  rlimit_seen: it is the limit.
// undone    by itself, with the old value, which plan and journal show.
#include "engine/routines/who.h"

namespace {

constexpr u32 RESOURCES = 16;

bool is_plain(u32 resource) {
    return resource == constant(RLIMIT_DATA) || resource == constant(RLIMIT_AS) ||
           resource == constant(RLIMIT_NPROC) || resource == constant(RLIMIT_NOFILE);
}

}  // namespace

VIEW(rlimit_seen, SUMMARY("whether a process has that soft limit"))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 resource, u64 limit) {
    if (!is_same(task, pid, start_ns) || resource >= RESOURCES) return DEFIB_EFFECT_NEVER;
    return task->signal->rlim[resource].rlim_cur == limit ? DEFIB_EFFECT_THERE
                                                          : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(set_rlimit, SUMMARY("gives a process another soft limit"),
        MUST_HOLD("the same process, not init, no kernel thread; DATA, AS, NPROC or NOFILE; not "
                  "above the hard limit"),
        OBSERVED_BY(rlimit_seen), UNDONE_BY(set_rlimit), WRITES(signal_struct.rlim[].rlim_cur))
(kp<task_struct> task, s32 pid, u64 start_ns, u32 resource, u64 limit) {
    require_living(task, pid, start_ns);
    if (resource >= RESOURCES || !is_plain(resource)) give_up(DEFIB_REASON_ARGUMENT);
    const auto group = task->signal;
    if (limit > group->rlim[resource].rlim_max) give_up(DEFIB_REASON_RAISES);
    group->rlim[resource].rlim_cur = limit;
}
