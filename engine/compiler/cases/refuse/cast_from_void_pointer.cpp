// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Through void the type is lost in two steps.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    const kp<void> anything = task;
    // refused: cast to a kernel pointer: take it from a field
    return static_cast<kp<signal_struct>>(anything)->nr_threads;
}
