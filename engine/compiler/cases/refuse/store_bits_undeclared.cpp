// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A bit-field is a field.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a store to task_struct.in_iowait, which is not declared
    set_bits(task, task_struct, in_iowait, 1);
}
