// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which element it is, is the routine's word.
#include "engine/compiler/cases/structs.h"

kernel_struct holder {
    sched_entity entities[4];
    u64 flags;
};
ROUTINE(it, SUMMARY("x"), WRITES(holder.flags))(kp<task_struct> task) {
    const auto around = container_of_element(&task->se, holder, entities, sched_entity, 1);
    // refused: a store to holder.flags through a found pointer; declare WRITES_FOUND(
    around->flags = 1;
}
