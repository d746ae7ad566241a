// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What asks the hook stores nothing itself: its plan would be half of a repair.
#include "engine/compiler/cases/structs.h"

ROUTINE(ask, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    task->flags = 2;
}
// refused: BY_HOOK names 'ask', which writes or has another way itself
ROUTINE(it, SUMMARY("x"), BY_HOOK(ask), WRITES(task_struct.flags))(kp<task_struct> task) {
    task->flags = 1;
}
