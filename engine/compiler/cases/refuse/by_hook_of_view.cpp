// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A view does nothing that the hook could do in its place.
#include "engine/compiler/cases/structs.h"

ROUTINE(ask, SUMMARY("x"))(s32 pid) {
    return pid;
}
// refused: THEN, OBSERVED_BY, UNDONE_BY and BY_HOOK are for routines; drop them
VIEW(it, SUMMARY("x"), BY_HOOK(ask))(s32 pid) {
    return pid;
}
