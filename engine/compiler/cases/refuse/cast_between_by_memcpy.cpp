// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one pointer copied into another.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    kp<signal_struct> signal;
    // refused: a kernel pointer is reached through another type; copy it as what it is
    // refused: a kernel pointer is reached through another type; copy it as what it is
    __builtin_memcpy(&signal, &task, sizeof signal);
    return signal->nr_threads;
}
