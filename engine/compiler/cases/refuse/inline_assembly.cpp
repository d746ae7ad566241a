// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Assembly is for one processor, and says nothing of what it does.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: inline assembly; write it in the language
    asm volatile("" : "+r"(n));
    return n;
}
