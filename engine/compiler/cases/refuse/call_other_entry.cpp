// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An entry is no helper: it has a life and fuel of its own.
#include "engine/compiler/cases/structs.h"

VIEW(other, SUMMARY("x"))(u64 n) {
    return n;
}
VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: 'other' is an entry of its own; move what both need to a function
    return other(n);
}
