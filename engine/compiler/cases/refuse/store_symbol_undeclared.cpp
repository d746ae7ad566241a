// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A variable of the kernel that is not declared.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))() {
    // refused: a store to the symbol panic_timeout, which is not declared
    *symbol(s32, panic_timeout) = 1;
}
