// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A record pointer that is one of two.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    auto row = emit<Row>(ROW);
    if (n > 2) row = emit<Row>(ROW);
    // refused: memory that is neither a record of emit() nor a static constexpr table
    row->pid = 1;
}
