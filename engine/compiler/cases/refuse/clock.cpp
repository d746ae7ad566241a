// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A clock differs between two executions that are to be compared.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: 'llvm.readcyclecounter' is not among what routines may call
    return __builtin_readcyclecounter();
}
