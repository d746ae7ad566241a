// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Compare and exchange.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.state))(kp<task_struct> task) {
    u32 expected = 2;
    // refused: an atomic operation or fence, which is not atomic from a GPU
    __atomic_compare_exchange_n(&task->state, &expected, 1u, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
}
