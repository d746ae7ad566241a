// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// State for each thread.
#include "engine/compiler/cases/structs.h"

// refused: thread-local storage is not supported for the current target
static thread_local u64 count = 0;
VIEW(it, SUMMARY("x"))() {
    return ++count;
}
