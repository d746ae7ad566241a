// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Plain words behind a pointer are read by index.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "*task_struct.words[]"
VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 index) {
    return task->words[index];
}
