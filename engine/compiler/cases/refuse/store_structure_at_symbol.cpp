// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing confirms that the symbol is such a structure.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))() {
    // refused: a store to task_struct.flags at the symbol jiffies, which is not declared
    symbol(task_struct, jiffies)->flags = 1;
}
