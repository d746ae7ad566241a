// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any list of the kernel could be meant.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(list_head.next))(kp<task_struct> task) {
    // refused: a store to list_head.next with nothing said of what it lies in
    task->tasks.prev->next = task->tasks.next;
}
