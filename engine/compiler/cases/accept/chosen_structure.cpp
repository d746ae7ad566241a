// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which object is data; which field is not.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task, u64 up) {
    auto chosen = task;
    while (up-- > 0) chosen = chosen->parent;
    chosen->flags = 0;
}
