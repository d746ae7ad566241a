// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A copy of variable length.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    const auto row = emit<Row>(ROW);
    // refused: memory is copied or filled as a whole; copy member by member
    __builtin_memset(row->comm, 0, n);
}
