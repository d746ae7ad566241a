// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where it jumps would be data.
#include "engine/compiler/cases/structs.h"

// refused: a computed goto; use if, switch or a loop
VIEW(it, SUMMARY("x"))(u64 n) {
    static const void* const PLACES[] = {&&first, &&second};
    // refused: a pointer is kept in memory
    goto* PLACES[n & 1];
first:
    return 1;
second:
    return 2;
}
