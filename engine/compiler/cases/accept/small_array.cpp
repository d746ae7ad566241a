// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An array that only constants index lives in registers.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    u64 words[2] = {task->flags, task->se.vruntime};
    const u64 first = words[0];
    words[0] = words[1];
    words[1] = first;
    return words[0] - words[1];
}
