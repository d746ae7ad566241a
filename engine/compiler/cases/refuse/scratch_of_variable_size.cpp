// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How much is needed has to be known.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), USES_SCRATCH)(u64 size) {
    // refused: scratch() takes a constant size
    scratch<task_struct>(0, size)->flags = 1;
}
