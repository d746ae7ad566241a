// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A collector has nothing to build.
#include "engine/compiler/cases/structs.h"

// refused: a collector does not write; make it a ROUTINE, or drop its WRITES
COLLECTOR(it, SUMMARY("x"), USES_SCRATCH)() {}
