// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One kind is one structure.
#include "engine/compiler/cases/structs.h"

struct Other {
    u64 word;
};
VIEW(it, SUMMARY("x"))() {
    emit<Row>(ROW)->pid = 1;
    // refused: record kind 256 is used for two different structures; give each its own
    emit<Other>(ROW)->word = 1;
}
