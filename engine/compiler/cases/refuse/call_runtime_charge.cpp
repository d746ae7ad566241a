// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Fuel is not the routine's to spend.
#include "engine/compiler/cases/structs.h"

extern "C" bool defib_charge(void* context, u32 units);
VIEW(it, SUMMARY("x"))() {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    return defib_charge(nullptr, 0) ? 1 : 0;
}
