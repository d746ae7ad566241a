// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A structure of the kernel copied as a whole: its size here is not its size there.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: no viable conversion
    const sched_entity copy = task->se;
    return copy.vruntime;
}
