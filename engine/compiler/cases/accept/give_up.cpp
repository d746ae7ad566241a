// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A routine may end itself.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.state))(kp<task_struct> task) {
    if (task->pid == 1) give_up(300);
    task->state = 0;
}
