// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A union of two kernel pointers.
#include "engine/compiler/cases/structs.h"

union Either {
    // refused: a kernel pointer in a union, where it shares its place with something else
    kp<task_struct> task;
    // refused: a kernel pointer in a union, where it shares its place with something else
    kp<signal_struct> signal;
};
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    Either either;
    either.task = task;
    return either.signal->nr_threads;
}
