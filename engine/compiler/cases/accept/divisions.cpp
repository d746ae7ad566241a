// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Divisors that may be 0, signed and not.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a, u64 b, s64 c, s32 d, u32 e) {
    return a / b + a % b + static_cast<u64>(c / d) + static_cast<u64>(c % d) + e / 7 +
           (e % static_cast<u32>(b));
}
