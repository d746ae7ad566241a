// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Recursion through a second function is recursion.
#include "engine/compiler/cases/structs.h"

static u64 odd(u64 n);
// refused: calls itself, directly or through others; use a loop
static u64 even(u64 n) {
    return n == 0 ? 1 : odd(n - 1);
}
// refused: calls itself, directly or through others; use a loop
static u64 odd(u64 n) {
    return n == 0 ? 0 : even(n - 1);
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return even(n);
}
