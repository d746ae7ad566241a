// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A length so large that the end of the fill wraps around to the record.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: memory is copied or filled as a whole; copy member by member
    __builtin_memset(reinterpret_cast<char*>(row) + 1, 0, ~0ull);
}
