// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Builtins that both processors have.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a, u32 b) {
    return static_cast<u64>(__builtin_popcountll(a) + __builtin_ctzll(a) + __builtin_clz(b)) +
           __builtin_bswap64(a);
}
