// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A word that was found is a weaker promise, and has its own declaration.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(u64 word) {
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    pointer_from<task_struct>(word)->flags = 1;
}
