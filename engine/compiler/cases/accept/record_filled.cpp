// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A member of a record filled as a whole.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    const auto row = emit<Row>(ROW);
    __builtin_memset(row->comm, 'x', sizeof(row->comm));
}
