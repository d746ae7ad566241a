// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A bit-field, read and stored.
#include "engine/compiler/cases/structs.h"

// manifest: "kind": "bit_offset"
// manifest: "class": "bit_field"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))(kp<task_struct> task) {
    const u64 before = bits(task, task_struct, in_iowait);
    set_bits(task, task_struct, in_iowait, 0);
    return before;
}
