// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// __builtin_bit_cast is a cast.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 word) {
    // refused: cast to a kernel pointer: take it from a field
    return __builtin_bit_cast(kp<task_struct>, word)->flags;
}
