// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A record as kernel memory.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    // refused: cast to a kernel pointer: take it from a field
    return *(kp<u32>)&row->pid;
}
