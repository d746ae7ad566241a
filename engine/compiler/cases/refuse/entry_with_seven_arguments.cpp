// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A command carries six.
#include "engine/compiler/cases/structs.h"

// refused: takes more than 6 arguments; pass fewer
VIEW(it, SUMMARY("x"))(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g) {
    return a + b + c + d + e + f + g;
}
