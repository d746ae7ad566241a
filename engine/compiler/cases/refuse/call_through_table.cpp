// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A constant table of functions is a call through a pointer too.
#include "engine/compiler/cases/structs.h"

static u64 one(u64 n) {
    return n + 1;
}
static u64 two(u64 n) {
    return n + 2;
}
static constexpr u64 (*CHOICES[])(u64) = {one, two};
VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: a call through a pointer; call the function by its name
    // refused: a pointer is kept in memory
    return CHOICES[n & 1](n);
}
