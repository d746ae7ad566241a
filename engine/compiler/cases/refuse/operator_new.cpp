// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// There is no heap.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: is defined nowhere in this set
    const auto row = new Row;
    row->pid = static_cast<u32>(n);
}
