// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same with a number that is known.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: an integer is made a pointer
    return *reinterpret_cast<volatile u64*>(0xffff888000000000);
}
