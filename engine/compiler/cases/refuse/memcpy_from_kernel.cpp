// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// memcpy takes ordinary pointers.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    const auto row = emit<Row>(ROW);
    // refused: memory is copied or filled as a whole; copy member by member
    __builtin_memcpy(row->comm, task->comm, 16);
}
