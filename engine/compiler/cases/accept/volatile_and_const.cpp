// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Qualifiers change nothing.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<const volatile task_struct> task) {
    return task->flags;
}
