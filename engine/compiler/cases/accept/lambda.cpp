// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A lambda that captures a kernel pointer.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    const auto flag = [&](u64 bit) { return (task->flags >> bit) & 1; };
    return flag(3) + flag(5);
}
