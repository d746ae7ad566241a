// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// So many bits lead to another object in front.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    untag(task, 0xfff)->flags = 0;
}
