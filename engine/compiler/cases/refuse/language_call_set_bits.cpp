// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// set_bits() checks what it is given; the call behind it takes any pointer.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))(kp<task_struct> task) {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    defib_set_bits(task->signal, "task_struct.in_iowait", 1);
}
