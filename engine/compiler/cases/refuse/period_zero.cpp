// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// All the time is no period.
#include "engine/compiler/cases/structs.h"

// refused: a detector needs PERIOD_MS(count)
// refused: '0' is not a number above 0
DETECTOR(it, SUMMARY("x"), PERIOD_MS(0))() {}
