// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A variable that is defined nowhere.
#include "engine/compiler/cases/structs.h"

// refused set: 'jiffies' is defined nowhere; a symbol of the kernel is read with symbol(T, name)
extern "C" u64 jiffies;
VIEW(it, SUMMARY("x"))() {
    // refused: a variable outside of functions, and no state outlives an execution
    return jiffies;
}
