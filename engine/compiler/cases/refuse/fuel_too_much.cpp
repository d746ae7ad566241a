// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A bound that bounds nothing.
#include "engine/compiler/cases/structs.h"

// refused: asks for more than 100000000 units of fuel; split the work
VIEW(it, SUMMARY("x"), FUEL(1000000000))() {}
