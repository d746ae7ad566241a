// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Only a view is run for each.
#include "engine/compiler/cases/structs.h"

COLLECTOR(all, SUMMARY("x"))() {}
// refused: OF_EACH is for views; drop it
ROUTINE(it, SUMMARY("x"), OF_EACH(all))(kp<task_struct> task) {
    return task->flags;
}
