// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a record is has to be known.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u32 kind) {
    // refused: the kind of a record is a variable; give emit() a constant
    emit<Row>(kind)->pid = 1;
}
