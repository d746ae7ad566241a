// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same with a reference.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a kernel pointer is reached through another type; copy it as what it is
    // refused: cast to a kernel pointer: take it from a field
    return reinterpret_cast<kp<signal_struct>&>(task)->nr_threads;
}
