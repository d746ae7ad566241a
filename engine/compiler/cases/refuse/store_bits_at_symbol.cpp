// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The same of a bit-field.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.in_iowait))() {
    // refused: a store to task_struct.in_iowait at the symbol jiffies, which is not declared
    set_bits(symbol(task_struct, jiffies), task_struct, in_iowait, 1);
}
