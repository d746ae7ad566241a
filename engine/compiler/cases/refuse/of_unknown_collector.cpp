// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A view of what nobody collects.
#include "engine/compiler/cases/structs.h"

// refused: OF_EACH names 'sheep', and no COLLECTOR of this set has that name
VIEW(it, SUMMARY("x"), OF_EACH(sheep))(kp<task_struct> task) {
    return task->flags;
}
