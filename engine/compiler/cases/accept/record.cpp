// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A record with text, arrays and numbers.
#include "engine/compiler/cases/structs.h"

// manifest: "class": "text"
// manifest: "name": "numbers"
VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 which) {
    const auto row = emit<Row>(ROW);
    row->pid = static_cast<u32>(task->pid);
    row->numbers[which] = 7;
    for (u32 i = 0; i < sizeof(row->comm); ++i) row->comm[i] = task->comm[i];
    return row->numbers[which] + row->numbers[2];
}
