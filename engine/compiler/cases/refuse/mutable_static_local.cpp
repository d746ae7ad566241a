// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A static local is a global.
#include "engine/compiler/cases/structs.h"

// refused set: is a variable outside of functions, and no state outlives an execution
VIEW(it, SUMMARY("x"))(u64 n) {
    static u64 calls = 0;
    // refused: a variable outside of functions, and no state outlives an execution
    return calls += n;
}
