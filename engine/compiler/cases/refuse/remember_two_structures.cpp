// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Both would be the same memory.
#include "engine/compiler/cases/structs.h"

struct One {
    u64 count;
};
struct Other {
    u32 count;
};
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))() {
    remember<One>()->count = 1;
    // refused: remembers Other and One; put both into one structure
    remember<Other>()->count = 1;
}
