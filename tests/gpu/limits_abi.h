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

// What one thread pays for.
enum LimitsPaceOf {
    LIMITS_ADD = 0,            // a multiplication and an addition
    LIMITS_LOAD = 1,           // a load of the card's memory, of the same place
    LIMITS_STORE_LOAD = 2,     // a store there, then a load
    LIMITS_LOAD_VOLATILE = 3,  // a load that every multiprocessor agrees on
    LIMITS_LOCAL = 4,          // a store onto the stack, then a load
    LIMITS_FENCE_CARD = 5,
    LIMITS_TIME = 6,  // reading the clock
    LIMITS_LOAD_HOST = 7,
    LIMITS_FENCE_HOST = 8,  // a store to the host's memory, and a fence
    LIMITS_PACES = 9,
};
#define LIMITS_STEPS 1024u
struct LimitsPace {
    uint64_t ns;  // of all steps
    uint64_t cycles;
};

#endif
