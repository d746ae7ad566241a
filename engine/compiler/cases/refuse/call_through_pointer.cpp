// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which function runs would be data.
#include "engine/compiler/cases/structs.h"

static u64 one(u64 n) {
    return n + 1;
}
static u64 two(u64 n) {
    return n + 2;
}
VIEW(it, SUMMARY("x"))(u64 n) {
    u64 (*chosen)(u64) = n > 4 ? one : two;
    // refused: a call through a pointer; call the function by its name
    return chosen(n);
}
