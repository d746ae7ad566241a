// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A function with other arguments than its own.
#include "engine/compiler/cases/structs.h"

static s32 threads(kp<signal_struct> signal) {
    return signal->nr_threads;
}
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a function under another type; call it with the arguments that it takes
    return reinterpret_cast<s32 (*)(kp<task_struct>)>(threads)(task);
}
