// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel pointer seen through a pointer to another kind.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a kernel pointer is reached through another type; copy it as what it is
    return (*reinterpret_cast<kp<signal_struct>*>(&task))->nr_threads;
}
