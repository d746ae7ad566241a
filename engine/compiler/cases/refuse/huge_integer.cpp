// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Wider still.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a) {
    // refused: an integer of more than 64 bits; use u64
    return static_cast<u64>(static_cast<unsigned _BitInt(100)>(a) * 3 >> 70);
}
