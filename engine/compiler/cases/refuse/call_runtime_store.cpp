// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store past the declarations.
#include "engine/compiler/cases/structs.h"

extern "C" void defib_store(void* context, u64 address, u64 value, u32 size, u32 field);
ROUTINE(it, SUMMARY("x"))(u64 address) {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    defib_store(nullptr, address, 1, 8, 0);
}
