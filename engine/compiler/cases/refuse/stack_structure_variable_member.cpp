// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A member that is chosen through a pointer.
#include "engine/compiler/cases/structs.h"

struct Pair {
    u64 first[2];
    u64 second;
};
VIEW(it, SUMMARY("x"))(u64 n) {
    Pair pair{{1, 2}, 3};
    // refused: a variable that has to lie in memory
    pair.first[n & 1] = n;
    return pair.first[1] + pair.second;
}
