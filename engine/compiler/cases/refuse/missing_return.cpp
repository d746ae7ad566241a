// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A path without a result.
#include "engine/compiler/cases/structs.h"

static u64 helper(u64 n) {
    if (n > 3) return 1;
    // refused: non-void function does not return a value in all control paths
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return helper(n);
}
