// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A helper that takes an ordinary pointer does not take a kernel one.
#include "engine/compiler/cases/structs.h"

static u64 first_of(const u64* words) {
    return *words;
}
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: no matching function for call to 'first_of'
    return first_of(&task->flags);
}
