// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A variable of the kernel.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "symbol panic_timeout"
// manifest: "kind": "symbol_stored"
ROUTINE(it, SUMMARY("x"), WRITES_SYMBOL(panic_timeout))() {
    *symbol(s32, panic_timeout) = 5;
}
