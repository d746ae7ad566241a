// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same by a macro of one's own.
#include "engine/compiler/cases/structs.h"

#define moved(pointer) defib_element(pointer, 1, "task_struct")
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    return address_of(moved(task));
}
