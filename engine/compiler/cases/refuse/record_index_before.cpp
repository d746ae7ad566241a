// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A constant index in front of the record.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: an index outside of a record or table of 36 bytes
    (&row->pid)[-1] = 1;
}
