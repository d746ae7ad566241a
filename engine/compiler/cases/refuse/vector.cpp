// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Vectors.
#include "engine/compiler/cases/structs.h"

typedef u32 four __attribute__((vector_size(16)));
VIEW(it, SUMMARY("x"))(u32 a) {
    // refused: a vector; work on one integer at a time
    return (four{a, a, a, a} * four{a, a, a, a})[0];
}
