// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_GPU_LIMITS_ABI_H
#define DEFIB_TESTS_GPU_LIMITS_ABI_H

#include <stdint.h>

struct LimitsSpan {
    uint64_t first;  // virtual address of the target's kernel
    uint64_t size;
    uint64_t backend;
};

struct LimitsMemory {
    uint32_t count;
    uint32_t reserved;
    LimitsSpan spans[64];
};

struct LimitsWalk {
    uint64_t count;
    uint64_t sum;
};

#endif
