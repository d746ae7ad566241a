// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Nor in a variable.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_SYMBOL(current_task))(u64 word) {
    // refused: a store of a found pointer to the symbol current_task; store one that the kernel has
    *symbol(kp<task_struct>, current_task) = pointer_from<task_struct>(word);
}
