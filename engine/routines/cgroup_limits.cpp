// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Limits of the cgroup that a process is in, as writes to its memory.max, memory.high and pids.max.
//
// writes    page_counter.max or .high of the mem_cgroup, in pages: the next charge meets it
//           (page_counter_try_charge(), try_charge_memcg()), reclaims, and kills in the group
//           (mem_cgroup_out_of_memory()) or, for `high`, slows who asks. pids_cgroup.limit: the
//           next fork() meets it (pids_can_fork()). The reclaim that a write to memory.max does at
//           once (memory_max_write()) is left out: whoever grows does it.
// must hold the process is the same and is in that cgroup, which proves that the cgroup is the one
//           that was found; not the root, which has no limits; the controller is on for the group
//           itself (else the nearest one above answers for it: cgroup_e_css()); the value is one
//           that the file would take; not below 1 MiB or 1 task, where nothing could run.
// observed  NAME_seen: the limit is there. What the kernel makes of it shows in the finding.
// undone    by itself, with the old value, which plan and journal show.
#include "engine/routines/cgroups.h"

kernel_part page_counter {
    u64 high;
    u64 max;
    kp<page_counter> parent;
};
kernel_struct mem_cgroup {
    cgroup_subsys_state css;
    page_counter memory;
};
kernel_struct pids_cgroup {
    cgroup_subsys_state css;
    atomic64_t limit;
};
namespace {

constexpr u64 PAGE_SHIFT = 12;
constexpr u64 LEAST_BYTES = u64{1} << 20;
constexpr u64 MOST_BYTES = ~u64{0} >> 1;
constexpr u64 MOST_TASKS = u64{1} << 22;  // PID_MAX_LIMIT: pids.max' own end

u64 memory_controller() {
    return static_cast<u64>(enum_value(cgroup_subsys_id, memory_cgrp_id));
}
u64 pids_controller() {
    return static_cast<u64>(enum_value(cgroup_subsys_id, pids_cgrp_id));
}

kp<mem_cgroup> memory_of(kp<cgroup> cgroup) {
    return container_of(state_of(cgroup, memory_controller()), mem_cgroup, css);
}
kp<pids_cgroup> pids_of(kp<cgroup> cgroup) {
    return container_of(state_of(cgroup, pids_controller()), pids_cgroup, css);
}

u64 pages_of(u64 bytes) {
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES) give_up(DEFIB_REASON_ARGUMENT);
    return bytes >> PAGE_SHIFT;
}

}  // namespace

COLLECTOR(memory_of_cgroup, SUMMARY("the memory controller of a process' cgroup"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_member(task, pid, start_ns, cgroup);
    emit_pointer(memory_of(cgroup));
}
COLLECTOR(pids_of_cgroup, SUMMARY("the pids controller of a process' cgroup"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_member(task, pid, start_ns, cgroup);
    emit_pointer(pids_of(cgroup));
}

VIEW(memory_max_seen, SUMMARY("whether a cgroup has that memory.max"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 bytes) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    const bool is_it = memory_of(cgroup)->memory.max == bytes >> PAGE_SHIFT;
    return is_it ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}
VIEW(memory_high_seen, SUMMARY("whether a cgroup has that memory.high"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 bytes) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    const bool is_it = memory_of(cgroup)->memory.high == bytes >> PAGE_SHIFT;
    return is_it ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}
VIEW(pids_max_seen, SUMMARY("whether a cgroup has that pids.max"))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 tasks) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    const bool is_it = static_cast<u64>(pids_of(cgroup)->limit.counter) == tasks;
    return is_it ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

ROUTINE(set_memory_max, SUMMARY("limits the memory of a process' cgroup"),
        MUST_HOLD("the process is the same and in that cgroup; not the root; the memory controller "
                  "is on there; at least 1 MiB"),
        OF_EACH(memory_of_cgroup), OBSERVED_BY(memory_max_seen), UNDONE_BY(set_memory_max),
        WRITES(mem_cgroup.memory.max))
(kp<mem_cgroup> memory, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 bytes) {
    require_member(task, pid, start_ns, cgroup);
    if (memory->css.cgroup != cgroup) give_up(DEFIB_REASON_CHANGED);
    memory->memory.max = pages_of(bytes);
}

ROUTINE(set_memory_high, SUMMARY("slows a process' cgroup above so much memory"),
        MUST_HOLD("the process is the same and in that cgroup; not the root; the memory controller "
                  "is on there; at least 1 MiB"),
        OF_EACH(memory_of_cgroup), OBSERVED_BY(memory_high_seen), UNDONE_BY(set_memory_high),
        WRITES(mem_cgroup.memory.high))
(kp<mem_cgroup> memory, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 bytes) {
    require_member(task, pid, start_ns, cgroup);
    if (memory->css.cgroup != cgroup) give_up(DEFIB_REASON_CHANGED);
    memory->memory.high = pages_of(bytes);
}

ROUTINE(set_pids_max, SUMMARY("limits the tasks of a process' cgroup"),
        MUST_HOLD("the process is the same and in that cgroup; not the root; the pids controller "
                  "is on there; at least 1"),
        OF_EACH(pids_of_cgroup), OBSERVED_BY(pids_max_seen), UNDONE_BY(set_pids_max),
        WRITES(pids_cgroup.limit.counter))
(kp<pids_cgroup> pids, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup, u64 tasks) {
    require_member(task, pid, start_ns, cgroup);
    if (pids->css.cgroup != cgroup) give_up(DEFIB_REASON_CHANGED);
    if (tasks == 0 || tasks > MOST_TASKS) give_up(DEFIB_REASON_ARGUMENT);
    pids->limit.counter = static_cast<s64>(tasks);
}
