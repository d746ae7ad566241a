// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing says how long it is.
#include "engine/compiler/cases/structs.h"

kernel_struct tail {
    u64 count;
    u64 words[0];
};
ROUTINE(it, SUMMARY("x"), WRITES(tail.words))(kp<tail> object) {
    // refused: a store at an index into tail.words, whose length is not known
    object->words[5] = 1;
}
