// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Declared another symbol.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_SYMBOL(panic_timeout))() {
    // refused: a store to the symbol panic_on_oops, which is not declared
    *symbol(s32, panic_on_oops) = 1;
}
