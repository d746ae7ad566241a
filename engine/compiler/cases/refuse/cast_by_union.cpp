// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A union of two pointers casts without a cast.
#include "engine/compiler/cases/structs.h"

union Either {
    // refused: a kernel pointer in a union, where it shares its place with something else
    kp<task_struct> task;
    u64 word;
};
VIEW(it, SUMMARY("x"))(u64 word) {
    Either either;
    either.word = word;
    return either.task->flags;
}
