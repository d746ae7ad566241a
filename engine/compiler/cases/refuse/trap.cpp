// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// __builtin_trap() would end the engine, not the routine.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: __builtin_trap(); use give_up(reason)
    if (n == 0) __builtin_trap();
    return n;
}
