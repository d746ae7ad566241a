// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Either a routine takes it back, or none does.
#include "engine/compiler/cases/structs.h"

VIEW(seen, SUMMARY("x"))(kp<task_struct> task) {
    return task->pid;
}
// refused: is UNDONE_BY a routine and NOT_UNDONE; say one of them
ROUTINE(it, SUMMARY("x"), OBSERVED_BY(seen), UNDONE_BY(it), NOT_UNDONE("it lasts"),
        WRITES(task_struct.flags))
(kp<task_struct> task) {
    task->flags = 1;
}
