// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two declarations of one structure.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "task_struct.cpu_number"
kernel_struct task_struct___with_cpu {
    u32 cpu_number;
};
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    if (!exists(task_struct___with_cpu, cpu_number)) return u64{0};
    return u64{pointer_from<task_struct___with_cpu>(address_of(task))->cpu_number};
}
