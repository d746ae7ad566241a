// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole structure may be missing.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "rlimit"
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    return type_exists(rlimit) ? task->limits->rlim_cur : 0;
}
