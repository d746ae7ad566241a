// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the kernel module's ring lies, which a repair may ask too: it is as fixed as the kernel.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"))() {
    return ring_of_hook() != 0;
}
