// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer that moves through a record.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: memory that is neither a record of emit() nor a static constexpr table
    for (char* at = row->comm; at != row->comm + 16; ++at) *at = 'x';
}
