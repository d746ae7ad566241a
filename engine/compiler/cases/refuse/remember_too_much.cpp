// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// There is a fixed room for each detector.
#include "engine/compiler/cases/structs.h"

struct Memory {
    u64 words[513];
};
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))() {
    // refused: more than 4096 bytes to remember; keep less
    remember<Memory>()->words[0] = 1;
}
