// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A constant table with a variable index.
#include "engine/compiler/cases/structs.h"

static constexpr u32 WEIGHTS[] = {88761, 71755, 56483, 46273};
VIEW(it, SUMMARY("x"))(u64 index) {
    return WEIGHTS[index];
}
