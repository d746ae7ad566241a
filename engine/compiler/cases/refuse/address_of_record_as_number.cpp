// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a record lies differs between two executions.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: an ordinary address is made a number
    return reinterpret_cast<u64>(row);
}
