// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Declared in the structure itself, stored in one inside of another.
#include "engine/compiler/cases/structs.h"

kernel_struct outer {
    u64 word;
    task_struct inner;
};
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))(kp<outer> object) {
    // refused: a store to outer.inner.in_iowait, which is not declared
    set_bits(&object->inner, task_struct, in_iowait, 1);
}
