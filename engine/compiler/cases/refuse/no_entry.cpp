// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A file that declares nothing.
#include "engine/compiler/cases/structs.h"

// refused set: nothing is declared with DETECTOR, ROUTINE, VIEW or COLLECTOR; declare one
static constexpr u32 NOTHING = 0;
static_assert(NOTHING == 0);
