// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whoever observes must not store.
#include "engine/compiler/cases/structs.h"

ROUTINE(look, SUMMARY("x"))(s32 pid) {
    return pid;
}
// refused: OBSERVED_BY names 'look', and no VIEW of this set has that name
ROUTINE(it, SUMMARY("x"), OBSERVED_BY(look))(s32 pid) {
    return pid;
}
