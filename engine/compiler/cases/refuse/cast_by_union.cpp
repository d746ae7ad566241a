// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A union of two pointers casts without a cast.
#include "engine/compiler/cases/structs.h"

union Either {
    kp<task_struct> task;
    u64 word;
};
VIEW(it, SUMMARY("x"))(u64 word) {
    Either either;
    // refused: an integer is made a pointer
    either.word = word;
    return either.task->flags;
}
