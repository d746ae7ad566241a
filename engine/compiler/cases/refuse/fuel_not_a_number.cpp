// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A macro that was not expanded.
#include "engine/compiler/cases/structs.h"

// refused: 'MUCH' is not a number above 0
VIEW(it, SUMMARY("x"), FUEL(MUCH))() {}
