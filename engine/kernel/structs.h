// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernel's structures, as far as routines use them: processes and what hangs on them.
//
// Only names, widths and signedness count here; order and everything left out are the layout's
// business. A field that not every supported kernel has is marked with the commit that changed it,
// and is used behind exists() only.
#ifndef DEFIB_ENGINE_KERNEL_STRUCTS_H
#define DEFIB_ENGINE_KERNEL_STRUCTS_H

#include "engine/kernel/language.h"

kernel_part list_head {
    kp<list_head> next;
    kp<list_head> prev;
};
kernel_part hlist_node {
    kp<hlist_node> next;
};
kernel_part hlist_head {
    kp<hlist_node> first;
};
kernel_part llist_node {
    kp<llist_node> next;
};
kernel_part llist_head {
    kp<llist_node> first;
};
kernel_part rb_node {
    u64 __rb_parent_color;  // the parent, and the colour in its low bits
    kp<rb_node> rb_right;
    kp<rb_node> rb_left;
};
kernel_part rb_root {
    kp<struct rb_node> rb_node;
};
kernel_part rb_root_cached {
    struct rb_root rb_root;
    kp<rb_node> rb_leftmost;
};
kernel_part atomic_t {
    s32 counter;
};
kernel_part atomic64_t {
    s64 counter;
};
using atomic_long_t = atomic64_t;
kernel_part refcount_struct {
    atomic_t refs;
};

kernel_part kuid_t {
    u32 val;
};
kernel_struct cred {
    kuid_t uid;
    kuid_t euid;
};

kernel_struct sigset_t {
    u64 sig[1];
};
kernel_struct sigpending {
    list_head list;
    sigset_t signal;
};
kernel_struct rlimit {
    u64 rlim_cur;
    u64 rlim_max;
};
kernel_struct signal_struct {
    s32 nr_threads;
    list_head thread_head HOLDS(task_struct.thread_node);
    sigpending shared_pending;
    s32 group_exit_code;
    s32 group_stop_count;
    u32 flags;
    u64 utime;  // of threads that have ended
    u64 stime;
    u64 sum_sched_runtime;
    rlimit rlim[16];  // RLIM_NLIMITS
    s16 oom_score_adj;
};

// One counter for a process: 6.1 in mm_rss_stat, 6.2 (f1a7941243c1) as a counter with per-CPU
// parts.
kernel_struct mm_rss_stat {
    atomic_long_t count[4];
};
kernel_struct percpu_counter {
    s64 count;
    kp<s32> counters;
};
kernel_struct mm_struct {
    percpu_counter rss_stat[4];
    u64 total_vm;
};
kernel_struct mm_struct___before_percpu_rss {
    mm_rss_stat rss_stat;
};

kernel_struct kernfs_node {
    kp<const char> name;
    kp<kernfs_node> parent;
};
// 6.15 (633488947ef6): `parent` became `__parent`, under RCU.
kernel_struct kernfs_node___rcu_parent {
    kp<kernfs_node> __parent;
};
kernel_struct cgroup {
    kp<kernfs_node> kn;
};
kernel_struct css_set {
    kp<cgroup> dfl_cgrp;
};

kernel_struct cpumask {
    u64 bits[1];  // more, by CONFIG_NR_CPUS
};
kernel_struct thread_info {
    u64 flags;
    u32 cpu;  // 5.16 (bcf9033e5449); in task_struct before
};
kernel_part load_weight {
    u64 weight;
    u32 inv_weight;
};
kernel_struct sched_entity {
    load_weight load;
    u64 exec_start;
    u64 sum_exec_runtime;
};
kernel_struct sched_info {
    u64 last_arrival;
    u64 last_queued;
};

kernel_struct task_struct {
    struct thread_info thread_info;
    u32 __state;
    u32 flags;
    u32 ptrace;
    s32 on_cpu;
    s32 on_rq;
    s32 prio;
    s32 static_prio;
    s32 normal_prio;
    u32 policy;
    s32 nr_cpus_allowed;
    struct cpumask cpus_mask;
    s32 exit_state;
    s32 exit_code;
    s32 pid;
    s32 tgid;
    u64 jobctl;
    u64 nvcsw;
    u64 nivcsw;
    u64 utime;
    u64 stime;
    u64 start_time;
    u64 start_boottime;
    kp<struct pid> thread_pid;
    list_head tasks HOLDS(task_struct.tasks);  // it starts at init_task's
    list_head thread_node;
    hlist_node pid_links[4];
    sched_entity se;
    struct sched_info sched_info;
    sigpending pending;
    sigset_t blocked;
    kp<task_struct> real_parent;
    kp<task_struct> group_leader;
    kp<const struct cred> real_cred;
    kp<mm_struct> mm;
    kp<signal_struct> signal;
    kp<css_set> cgroups;
    BitField in_iowait;
    char comm[16];
};
kernel_part xarray {
    kp<void> xa_head;
};
kernel_struct xa_node {
    u8 shift;
    u8 offset;
    kp<xa_node> parent;
    kp<void> slots[16];  // 64, or 16 with CONFIG_BASE_SMALL
};
kernel_part idr {
    xarray idr_rt;
    u32 idr_base;
};
kernel_struct upid {
    s32 nr;
};
kernel_struct pid {
    hlist_head tasks[4];
    upid numbers[0];  // [1] before 6.5 (b69f0aeb0689)
};
kernel_struct pid_namespace {
    struct idr idr;
};

#endif
