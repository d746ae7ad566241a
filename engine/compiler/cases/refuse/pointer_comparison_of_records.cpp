// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The order of records in memory is nobody's business; as numbers it shows.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto first = emit<Row>(ROW);
    // refused: an ordinary address is made a number
    return (reinterpret_cast<u64>(first) >> 4) & 1;
}
