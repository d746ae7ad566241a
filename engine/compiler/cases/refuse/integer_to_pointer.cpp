// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An ordinary pointer out of a number: all of memory.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 address) {
    // refused: an integer is made a pointer
    return *reinterpret_cast<u64*>(address);
}
