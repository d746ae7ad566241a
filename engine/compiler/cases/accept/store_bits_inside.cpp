// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A bit-field in a structure inside of another.
#include "engine/compiler/cases/structs.h"

kernel_struct outer {
    u64 word;
    task_struct inner;
};
ROUTINE(it, SUMMARY("x"), WRITES(outer.inner.in_iowait))(kp<outer> object) {
    set_bits(&object->inner, task_struct, in_iowait, 1);
}
