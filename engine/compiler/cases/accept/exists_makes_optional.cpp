// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked for may be missing.
#include "engine/compiler/cases/structs.h"

// manifest: "kind": "exists"
// manifest: "optional": [
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    return exists(sched_entity, deadline) ? task->se.deadline : task->se.vruntime;
}
