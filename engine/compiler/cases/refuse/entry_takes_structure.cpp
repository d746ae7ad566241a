// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A structure as an argument.
#include "engine/compiler/cases/structs.h"

// refused: argument 1 is neither an integer nor a kernel pointer
VIEW(it, SUMMARY("x"))(Row row) {
    return row.pid;
}
