// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to a member is an offset of the declaration.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 which) {
    const auto member = which ? &sched_entity::vruntime : &sched_entity::deadline;
    const auto entity = &task->se;
    // refused: a pointer to a member is an offset of the declaration; name the member
    return entity->*member;
}
