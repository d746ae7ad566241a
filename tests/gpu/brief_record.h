// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_GPU_BRIEF_RECORD_H
#define DEFIB_TESTS_GPU_BRIEF_RECORD_H

#include <stdint.h>

#define DEFIB_RECORD_BRIEF 900u

// The twelve fields of a process that a plain list shows.
struct DefibBriefRecord {
    int32_t pid;
    int32_t tgid;
    int32_t ppid;
    uint32_t state;
    uint32_t flags;
    uint32_t cpu;
    int32_t prio;
    int32_t threads;
    uint64_t utime_ns;
    uint64_t stime_ns;
    uint64_t start_ns;
    char comm[16];
};

#endif
