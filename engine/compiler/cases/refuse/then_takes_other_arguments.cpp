// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The chain is run with one set of arguments.
#include "engine/compiler/cases/structs.h"

ROUTINE(next, SUMMARY("x"))(s32 tgid) {
    return tgid;
}
// refused: THEN names 'next', which takes other arguments
ROUTINE(it, SUMMARY("x"), THEN(next))(s32 pid) {
    return pid;
}
