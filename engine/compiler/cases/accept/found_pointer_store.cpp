// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// And stored through where that is declared.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_FOUND(task_struct.flags))(u64 word) {
    pointer_from<task_struct>(word)->flags = 0;
}
