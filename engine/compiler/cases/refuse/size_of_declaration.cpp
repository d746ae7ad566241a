// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// sizeof knows the declaration's size only.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: the size of a declaration; ask the kernel's with size_of_type() or size_of()
    return sizeof(task_struct);
}
