// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A GPU's atomics are not atomic on host memory.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: an atomic operation or fence, which is not atomic from a GPU
    __atomic_fetch_or(&task->flags, 1, __ATOMIC_SEQ_CST);
}
