// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two stores to one element, which the optimiser makes one with either index.
#include "engine/compiler/cases/structs.h"

struct Memory {
    u32 seen[4];
};
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))(u64 which, u64 other, u32 value) {
    const auto memory = remember<Memory>();
    if (value > 7)
        memory->seen[which] = 0;
    else
        memory->seen[other] = value;
}
