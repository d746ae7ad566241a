// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A chain without an end.
#include "engine/compiler/cases/structs.h"

// refused: THEN leads through more than 4 routines, or back; end the chain
ROUTINE(one, SUMMARY("x"), THEN(other))(s32 pid) {
    return pid;
}
// refused: THEN leads through more than 4 routines, or back; end the chain
ROUTINE(other, SUMMARY("x"), THEN(one))(s32 pid) {
    return pid;
}
