// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A field seen as bytes has no name.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: cast to a kernel pointer: take it from a field
    return (reinterpret_cast<kp<u8>>(&task->flags))[3];
}
