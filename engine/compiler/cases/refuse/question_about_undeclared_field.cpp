// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A misspelt field is not a field that the kernel lacks.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: no member named 'stat' in 'task_struct'
    return exists(task_struct, stat) ? 1 : 0;
}
