// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two executions of a repair have to agree, and must not know of earlier ones.
#include "engine/compiler/cases/structs.h"

struct Memory {
    u64 count;
};
ROUTINE(it, SUMMARY("x"))() {
    // refused: remember() in a routine; only detectors know time
    remember<Memory>()->count += 1;
}
