// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A view has no effect that anything could follow.
#include "engine/compiler/cases/structs.h"

ROUTINE(next, SUMMARY("x"))(s32 pid) {
    return pid;
}
// refused: THEN, OBSERVED_BY, UNDONE_BY and BY_HOOK are for routines; drop them
VIEW(it, SUMMARY("x"), THEN(next))(s32 pid) {
    return pid;
}
