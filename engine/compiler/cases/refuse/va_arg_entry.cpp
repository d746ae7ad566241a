// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An entry with a variable number of arguments.
#include "engine/compiler/cases/structs.h"

// refused: takes more than 6 arguments; pass fewer
VIEW(it, SUMMARY("x"))(u64 n, ...) {
    return n;
}
