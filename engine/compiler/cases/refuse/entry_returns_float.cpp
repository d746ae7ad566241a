// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A result is an integer.
#include "engine/compiler/cases/structs.h"

// refused: returns neither an integer nor nothing; emit() a record instead
VIEW(it, SUMMARY("x"))(u64 a) {
    return static_cast<double>(a);
}
