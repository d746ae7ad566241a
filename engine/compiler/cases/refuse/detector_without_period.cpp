// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How often is it to run?
#include "engine/compiler/cases/structs.h"

// refused: a detector needs PERIOD_MS(count)
DETECTOR(it, SUMMARY("x"))() {}
