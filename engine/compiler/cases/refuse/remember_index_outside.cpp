// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory ends where the structure does.
#include "engine/compiler/cases/structs.h"

struct Memory {
    u32 seen[4];
};
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))() {
    // refused: outside
    remember<Memory>()->seen[5] = 1;
}
