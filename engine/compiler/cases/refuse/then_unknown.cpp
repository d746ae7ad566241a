// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A chain that leads nowhere.
#include "engine/compiler/cases/structs.h"

// refused: THEN names 'sheep', and no ROUTINE of this set has that name
ROUTINE(it, SUMMARY("x"), THEN(sheep))(s32 pid) {
    return pid;
}
