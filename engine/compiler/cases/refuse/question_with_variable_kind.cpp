// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked has to be known too.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u32 n) {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    return defib_query(static_cast<DefibQuery>(n), "task_struct.flags");
}
