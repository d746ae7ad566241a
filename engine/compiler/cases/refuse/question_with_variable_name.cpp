// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The binder needs the name before anything runs.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: one of the language's own calls; use what engine/kernel/language.h makes of it
    return defib_query(DEFIB_QUERY_CONSTANT, n > 1 ? "TIF_SIGPENDING" : "TIF_NEED_RESCHED");
}
