// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The attribute belongs on structures.
#include "engine/compiler/cases/structs.h"

// refused: [[defib::kernel]] belongs on a struct or union
[[defib::kernel]] static u64 helper(u64 n) {
    return n;
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return helper(n);
}
