// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Only a view or a routine is run for each.
#include "engine/compiler/cases/structs.h"

COLLECTOR(all, SUMMARY("x"))() {}
// refused: OF_EACH is for views and routines; drop it
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10), OF_EACH(all))(kp<task_struct> task) {
    return task->flags;
}
