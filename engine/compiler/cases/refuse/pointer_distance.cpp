// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A distance counts in the size of the declaration.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<rlimit> one, kp<rlimit> other) {
    // refused: the distance of two pointers counts in a declaration's size
    return static_cast<u64>(one - other);
}
