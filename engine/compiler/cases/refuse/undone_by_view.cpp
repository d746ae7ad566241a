// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Taking back is storing.
#include "engine/compiler/cases/structs.h"

VIEW(look, SUMMARY("x"))(s32 pid) {
    return pid;
}
// refused: UNDONE_BY names 'look', and no ROUTINE of this set has that name
ROUTINE(it, SUMMARY("x"), UNDONE_BY(look))(s32 pid) {
    return pid;
}
