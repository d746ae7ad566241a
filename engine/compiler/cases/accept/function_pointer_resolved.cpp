// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A function as a template argument is a call by name.
#include "engine/compiler/cases/structs.h"

static u64 twice(u64 n) {
    return 2 * n;
}
template <u64 (*Do)(u64)>
static u64 apply(u64 n) {
    return Do(n);
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return apply<twice>(n);
}
