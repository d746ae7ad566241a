// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// There is no library.
#include "engine/compiler/cases/structs.h"

extern "C" u64 strlen(const char*);
VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: 'strlen' is defined nowhere in this set
    return strlen(row->comm);
}
