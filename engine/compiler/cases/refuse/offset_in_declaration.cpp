// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// offsetof knows the declaration's offsets only.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: the offset in a declaration; ask the kernel's with offset_of()
    return __builtin_offsetof(task_struct, flags);
}
