// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Assembly outside of functions.
#include "engine/compiler/cases/structs.h"

// refused set: assembly outside of functions; write it in the language
asm(".global something");
VIEW(it, SUMMARY("x"))(u64 n) {
    return n;
}
