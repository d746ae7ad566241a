// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A routine runs when it is told.
#include "engine/compiler/cases/structs.h"

// refused: PERIOD_MS is for detectors; drop it
ROUTINE(it, SUMMARY("x"), PERIOD_MS(10))() {}
