// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// set_cpu_max: how much CPU time the cgroup of a process gets in each of its periods, as a write to
// cpu.max does (tg_set_cfs_bandwidth() in kernel/sched/core.c).
//
// The scheduler counts a group's time only where its code for that is on: a static key, which the
// first limit in the machine turns on by patching the kernel's text. That cannot be done from
// outside; the key's count is read (`__cfs_bandwidth_used.enabled`), and where it is 0 the routine
// says so before it has written anything.
//
// writes    cfs_bandwidth.quota and .runtime of the group, in ns; where it had no limit also the
//           key's count, one up, as cfs_bandwidth_usage_inc() does: the kernel takes one off when
//           the group goes or an operator writes "max", and would take it from another group's.
//           Then (enable_cpu_max) runtime_enabled of the group's queue on each CPU. The kernel
//           starts the period's timer itself when a queue first asks for time
//           (__assign_cfs_rq_runtime()).
// must hold the process is the same and in that cgroup; not the root; the cpu controller is on for
//           the group itself; the key is on; nobody just sets a limit (cfs_constraints_mutex);
//           1 ms (min_cfs_quota_period) to an hour, or 0 for as much as there is.
// observed  cpu_max_seen: the quota is there, and each CPU's queue heeds it.
// undone    by itself, with the old value, which plan and journal show. 0 does not take the limit
//           off, it raises it above what all CPUs can use: a queue that waits for its time is let
//           go by the next period, where a group without a limit has none
//           (distribute_cfs_runtime()). cpu.max then shows that number; "max" written there takes
//           the rest off.
//
// The period stays as it is: 100 ms, if nobody has changed it.
#include "engine/kernel/per_cpu.h"
#include "engine/routines/cgroups.h"
#include "engine/routines/quiet.h"

kernel_part cfs_bandwidth {
    s64 period;
    u64 quota;
    u64 runtime;
};
kernel_struct task_group {
    cgroup_subsys_state css;
    kp<kp<struct cfs_rq>> cfs_rq;
    struct cfs_bandwidth cfs_bandwidth;
};
kernel_struct cfs_rq {
    kp<task_group> tg;
    s32 runtime_enabled;
};
kernel_struct static_key {
    atomic_t enabled;
};

namespace {

constexpr u64 NS_PER_US = 1000;
constexpr u64 LEAST_US = 1000;
constexpr u64 MOST_US = u64{3600} * 1000 * 1000;
constexpr u64 NO_LIMIT = ~u64{0};  // RUNTIME_INF

kp<static_key> bandwidth_key() {
    return symbol(static_key, __cfs_bandwidth_used);
}

kp<task_group> group_of(kp<cgroup> cgroup) {
    const u64 controller = static_cast<u64>(enum_value(cgroup_subsys_id, cpu_cgrp_id));
    return container_of(state_of(cgroup, controller), task_group, css);
}

// More than all CPUs can use up, and as much again for a timer that comes late.
u64 more_than_there_is(kp<task_group> group) {
    return static_cast<u64>(group->cfs_bandwidth.period) * *symbol(u32, nr_cpu_ids) * 2;
}

u64 quota_of(kp<task_group> group, u64 quota_us) {
    if (quota_us == 0) {
        return group->cfs_bandwidth.quota == NO_LIMIT ? NO_LIMIT : more_than_there_is(group);
    }
    if (quota_us < LEAST_US || quota_us > MOST_US) give_up(DEFIB_REASON_ARGUMENT);
    return quota_us * NS_PER_US;
}

kp<cfs_rq> queue_of(kp<task_group> group, u32 cpu) {
    return *pointer_from<kp<cfs_rq>>(address_of(group->cfs_rq) + u64{8} * cpu);
}

}  // namespace

COLLECTOR(cpu_of_cgroup, SUMMARY("the cpu controller of a process' cgroup"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_member(task, pid, start_ns, cgroup);
    emit_pointer(group_of(cgroup));
}

COLLECTOR(queues_of_cgroup, SUMMARY("the queues of a process' cgroup"), FUEL(100000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_member(task, pid, start_ns, cgroup);
    const auto group = group_of(cgroup);
    for (const u32 cpu : possible_cpus()) emit_pointer(queue_of(group, cpu));
}

VIEW(cpu_max_seen, SUMMARY("whether a cgroup has that quota of CPU time"), FUEL(100000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 quota_us) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    const auto group = group_of(cgroup);
    const u64 quota = quota_of(group, quota_us);
    if (group->cfs_bandwidth.quota != quota) return DEFIB_EFFECT_NOT_YET;
    if (quota == NO_LIMIT) return DEFIB_EFFECT_THERE;
    for (const u32 cpu : online_cpus()) {
        if (queue_of(group, cpu)->runtime_enabled == 0) return DEFIB_EFFECT_NOT_YET;
    }
    return DEFIB_EFFECT_THERE;
}

ROUTINE(
    set_cpu_max, SUMMARY("limits the CPU time of a process' cgroup"),
    MUST_HOLD("the process is the same and in that cgroup; not the root; the cpu controller is on "
              "there; some cgroup has had a limit since boot; 1 ms to an hour, or 0 for no limit"),
    OF_EACH(cpu_of_cgroup), THEN(enable_cpu_max), OBSERVED_BY(cpu_max_seen), UNDONE_BY(set_cpu_max),
    WRITES(task_group.cfs_bandwidth.quota), WRITES(task_group.cfs_bandwidth.runtime),
    WRITES_SYMBOL(__cfs_bandwidth_used), WRITES(static_key.enabled.counter))
(kp<task_group> group, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup,
 u64 quota_us) {
    require_member(task, pid, start_ns, cgroup);
    if (group->css.cgroup != cgroup) give_up(DEFIB_REASON_CHANGED);
    const s32 users = bandwidth_key()->enabled.counter;
    if (users <= 0) give_up(DEFIB_REASON_KEY_OFF);
    require_free(symbol(mutex, cfs_constraints_mutex));
    const u64 before = group->cfs_bandwidth.quota;
    const u64 quota = quota_of(group, quota_us);
    if (quota == before) return;
    if (before == NO_LIMIT) bandwidth_key()->enabled.counter = users + 1;
    group->cfs_bandwidth.quota = quota;
    group->cfs_bandwidth.runtime = quota;
}

ROUTINE(enable_cpu_max, SUMMARY("makes the queues of a process' cgroup heed its quota"),
        OF_EACH(queues_of_cgroup), WRITES(cfs_rq.runtime_enabled))
(kp<cfs_rq> queue, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_member(task, pid, start_ns, cgroup);
    if (queue->tg->css.cgroup != cgroup) give_up(DEFIB_REASON_CHANGED);
    if (queue->tg->cfs_bandwidth.quota == NO_LIMIT) return;
    queue->runtime_enabled = 1;
}
