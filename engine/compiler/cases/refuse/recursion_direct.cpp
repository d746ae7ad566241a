// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A GPU has no stack to speak of, and a bound needs a bound depth.
#include "engine/compiler/cases/structs.h"

// refused: calls itself, directly or through others; use a loop
static u64 depth(u64 n) {
    return n == 0 ? 0 : 1 + depth(n - 1);
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return depth(n);
}
