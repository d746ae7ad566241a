// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Next to a symbol is another one.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_SYMBOL(panic_timeout))(u64 index) {
    // refused: a store to the symbol panic_timeout[], which is not declared
    symbol(s32, panic_timeout)[index] = 1;
}
