// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the views report: plain structures, as they lie in the records of an answer. The manifest
// describes the same fields to whoever has no C.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_RECORDS_H

#include <stdint.h>

#include "engine/abi/cgroup_path.h"  // kind 257

#define DEFIB_RECORD_PROCESS 256u
#define DEFIB_RECORD_THREAD_TIME 258u

struct DefibProcessRecord {
    uint64_t task;  // address of its task_struct
    uint64_t utime_ns;
    uint64_t stime_ns;
    uint64_t start_ns;  // since boot, monotonic
    uint64_t runtime_ns;
    uint64_t rss_pages;  // file, anonymous and shared; 0 for kernel threads
    uint64_t switches;   // voluntary and not
    uint64_t jobctl;
    uint64_t thread_flags;
    uint64_t mm;      // address; 0 for kernel threads
    uint64_t signal;  // address
    int32_t pid;
    int32_t tgid;
    int32_t ppid;
    uint32_t uid;
    uint32_t state;  // the kernel's __state
    uint32_t exit_state;
    uint32_t flags;
    uint32_t cpu;
    int32_t on_cpu;
    int32_t on_rq;
    int32_t prio;
    uint32_t policy;
    int32_t threads;
    int32_t oom_score_adj;
    uint32_t in_iowait;
    uint32_t reserved;
    uint64_t cgroup;  // address, for the view of cgroups; 0: none
    char comm[16];
    // Of the process' threads that have ended.
    uint64_t ended_utime_ns;
    uint64_t ended_stime_ns;
    uint64_t ended_runtime_ns;
    uint64_t start_boot_ns;  // as start_ns, and time that the machine was suspended: what /proc has
};

// A living thread of a process that has several: its times are a part of the process'.
struct DefibThreadTimeRecord {
    uint64_t utime_ns;
    uint64_t stime_ns;
    uint64_t runtime_ns;
    int32_t tgid;
    uint32_t reserved;
};

#endif
