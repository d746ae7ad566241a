// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An entry that calls itself.
#include "engine/compiler/cases/structs.h"

extern "C" u64 it(u64 n);
// refused: calls itself, directly or through others; use a loop
VIEW(it, SUMMARY("x"))(u64 n)->u64 {
    return n == 0 ? 0 : it(n - 1);
}
