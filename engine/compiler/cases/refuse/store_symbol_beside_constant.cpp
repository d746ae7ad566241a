// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same at a constant distance.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_SYMBOL(panic_timeout))() {
    // refused: a store to the symbol panic_timeout[], which is not declared
    symbol(s32, panic_timeout)[1] = 1;
}
