// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One structure under the name of another.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: cast to a kernel pointer: take it from a field
    return reinterpret_cast<kp<signal_struct>>(task)->nr_threads;
}
