// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine's own address, planted in the kernel.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    const auto row = emit<Row>(ROW);
    // refused: an ordinary address is made a number
    task->flags = reinterpret_cast<u64>(row);
}
