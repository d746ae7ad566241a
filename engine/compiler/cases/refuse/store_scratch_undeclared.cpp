// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Scratch memory has a declaration too.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))() {
    // refused: scratch() without its declaration; declare USES_SCRATCH
    const auto task = scratch<task_struct>(0, 64);
    // refused: a store to scratch memory; declare USES_SCRATCH
    task->flags = 1;
}
