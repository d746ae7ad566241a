// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A goto to a loop's start is a loop.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task, u64 n) {
again:
    if (task->state != 0 && n-- > 0) goto again;
    return n;
}
