// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An atomic load promises an order that nobody keeps.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: an atomic access, which is not atomic from a GPU
    return __atomic_load_n(&task->flags, __ATOMIC_ACQUIRE);
}
