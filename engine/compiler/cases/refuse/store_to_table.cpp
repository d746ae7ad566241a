// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A constant is constant.
#include "engine/compiler/cases/structs.h"

static constexpr u32 TABLE[] = {1, 2, 3};
VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: a store to a constant table; use a variable
    const_cast<u32*>(TABLE)[n & 1] = 5;
}
