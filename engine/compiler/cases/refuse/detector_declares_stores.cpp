// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A detector that says it stores.
#include "engine/compiler/cases/structs.h"

// refused: a detector does not write; make it a ROUTINE, or drop its WRITES
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10), WRITES(task_struct.flags))() {
    symbol(task_struct, init_task)->flags = 1;
}
