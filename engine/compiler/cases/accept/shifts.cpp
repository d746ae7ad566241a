// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Amounts that may be the width or more.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 a, u32 b, s64 c) {
    return (a << b) + (a >> (b + 60)) + static_cast<u64>(c >> b) + (b << a);
}
