// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An atomic on a record.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: an atomic operation or fence, which is not atomic from a GPU
    __atomic_fetch_add(&emit<Row>(ROW)->pid, 1, __ATOMIC_SEQ_CST);
}
