// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The caller has no such pointer to give.
#include "engine/compiler/cases/structs.h"

// refused: argument 1 is neither an integer nor a kernel pointer
VIEW(it, SUMMARY("x"))(const u64* words) {
    return *words;
}
