// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the cases look at: small, so that each compiles in an instant.
#ifndef DEFIB_ENGINE_COMPILER_CASES_STRUCTS_H
#define DEFIB_ENGINE_COMPILER_CASES_STRUCTS_H

#include "engine/kernel/language.h"

kernel_part list_head {
    kp<list_head> next;
    kp<list_head> prev;
};
kernel_struct sigset_t {
    u64 sig[2];
};
kernel_struct sigpending {
    list_head list;
    sigset_t signal;
};
kernel_struct signal_struct {
    s32 nr_threads;
    list_head thread_head HOLDS(task_struct.thread_node);
    sigpending shared_pending;
    bool is_leader;
};
kernel_struct sched_entity {
    u64 vruntime;
    u64 deadline;
};
kernel_struct rlimit {
    u64 rlim_cur;
    u64 rlim_max;
};
enum pid_type : u32 { PIDTYPE_PID, PIDTYPE_TGID };
kernel_union locks {
    u32 val;
    u8 locked;
};
kernel_struct task_struct {
    u32 state;
    s32 pid;
    u16 short_flags;
    u64 flags;
    pid_type type;
    list_head tasks HOLDS(task_struct.tasks);
    list_head thread_node;
    kp<signal_struct> signal;
    kp<task_struct> parent;
    kp<rlimit> limits;
    kp<u32> words;
    sched_entity se;
    union locks lock;
    rlimit rlim[16];
    u32 matrix[2][3];
    char comm[16];
    BitField in_iowait;
};
struct Row {
    u32 pid;
    u32 numbers[4];
    char comm[16];
};
inline constexpr u32 ROW = 256;

#endif
