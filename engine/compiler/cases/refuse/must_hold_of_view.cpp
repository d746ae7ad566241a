// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What only looks needs nothing to hold.
#include "engine/compiler/cases/structs.h"

// refused: MUST_HOLD and NOT_UNDONE are for routines; drop them
VIEW(it, SUMMARY("x"), MUST_HOLD("it is there"))(s32 pid) {
    return pid;
}
