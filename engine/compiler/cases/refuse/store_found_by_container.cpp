// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// container_of() does not launder it.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(u64 word) {
    const auto task = container_of(pointer_from<list_head>(word), task_struct, tasks);
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    task->flags = 1;
}
