// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// element() with the name of another structure.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: no matching function for call to 'defib_member'
    return element(signal_struct, task, 0)->nr_threads;
}
