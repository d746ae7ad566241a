// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The list starts in a found structure.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(u64 word) {
    const auto node = pointer_from<signal_struct>(word)->thread_head.next;
    // refused: a store to task_struct.flags through a found pointer; declare WRITES_FOUND(
    container_of(node, task_struct, thread_node)->flags = 1;
}
