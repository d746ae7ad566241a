// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// 128 bits differ in how they are divided.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a, u64 b) {
    // refused: an integer of more than 64 bits; use u64
    return static_cast<u64>((static_cast<unsigned __int128>(a) * b) >> 64);
}
