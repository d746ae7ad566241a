// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A plain pointer as an argument.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))(kp<u32> word) {
    // refused: a store that was not reached through a member of a declared structure
    *word = 1;
}
