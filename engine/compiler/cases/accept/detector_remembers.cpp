// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a detector keeps between its runs, with arrays, and the clock.
#include "engine/compiler/cases/structs.h"

struct Memory {
    u64 since_ns;
    u32 seen[4];
};
// manifest: "memory": 24
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))(u64 which, u32 least) {
    const auto memory = remember<Memory>();
    if (memory->since_ns == 0) memory->since_ns = now();
    if (memory->seen[which] >= least) emit<Row>(ROW)->pid = memory->seen[0];
    for (u32 i = 0; i < 4; ++i) ++memory->seen[i];
}
