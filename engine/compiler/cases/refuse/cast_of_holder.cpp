// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A structure that holds a kernel pointer under another type.
#include "engine/compiler/cases/structs.h"

struct One {
    kp<task_struct> task;
};
struct Other {
    kp<signal_struct> signal;
};
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    One one{task};
    // refused: a kernel pointer is reached through another type; copy it as what it is
    return reinterpret_cast<Other*>(&one)->signal->nr_threads;
}
