// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A part is smaller than the whole.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: narrow() takes a part that lies inside of task_struct.state
    return *narrow<u64>(&task->state, 0);
}
