// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Either of two elements: each index is checked.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.comm))
(kp<task_struct> task, u64 i, u64 j, bool is_other) {
    auto place = &task->comm[i];
    if (is_other) place = &task->comm[j];
    *place = 'x';
}
