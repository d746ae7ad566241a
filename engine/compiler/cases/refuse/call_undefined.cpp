// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A function that the set does not define.
#include "engine/compiler/cases/structs.h"

extern "C" u64 elsewhere(u64);
VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: 'elsewhere' is defined nowhere in this set
    return elsewhere(n);
}
