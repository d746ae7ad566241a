// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// State that outlives an execution would differ between two of them.
#include "engine/compiler/cases/structs.h"

// refused set: is a variable outside of functions, and no state outlives an execution
u64 last = 0;
VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: a variable outside of functions, and no state outlives an execution
    last = n;
}
