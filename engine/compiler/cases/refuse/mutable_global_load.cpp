// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// It is not even read.
#include "engine/compiler/cases/structs.h"

// refused set: is a variable outside of functions, and no state outlives an execution
u64 last = 7;
VIEW(it, SUMMARY("x"))() {
    // refused: a variable outside of functions, and no state outlives an execution
    return last;
}
