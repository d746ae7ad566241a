// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same under another name.
#include "engine/compiler/cases/structs.h"

// refused: something under another name; call it by the name that it was declared with
extern "C" void mark(kp<void> structure, const char* path, u64 value) __asm__("defib_set_bits");
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))(kp<task_struct> task) {
    mark(task->signal, "task_struct.in_iowait", 1);
}
