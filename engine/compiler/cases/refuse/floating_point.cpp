// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The two processors round differently.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a, u64 b) {
    // refused: floating point, which the two processors round differently; use integers
    return static_cast<u64>(static_cast<double>(a) * 0.5) + b;
}
