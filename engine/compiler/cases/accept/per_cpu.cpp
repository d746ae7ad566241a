// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU's copy of a variable.
#include "engine/kernel/per_cpu.h"

// manifest: "path": "__per_cpu_offset"
VIEW(it, SUMMARY("x"))(u64 cpu) {
    u64 sum = 0;
    for (const u32 other : possible_cpus()) sum += *per_cpu(u64, nr_events, other);
    return sum + *per_cpu(u64, nr_events, cpu);
}
