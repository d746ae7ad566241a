// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Fuel is not the routine's to spend.
#include "engine/compiler/cases/structs.h"

extern "C" bool defib_charge(void* context, u32 units);
VIEW(it, SUMMARY("x"))() {
    // refused: 'defib_charge' is defined nowhere in this set
    return defib_charge(nullptr, 0) ? 1 : 0;
}
