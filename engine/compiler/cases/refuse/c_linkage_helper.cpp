// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Without its types in its name, another file may declare it as it likes.
#include "engine/compiler/cases/structs.h"

// refused: 'helper' has C linkage and is no entry; drop extern "C"
extern "C" u64 helper(u64 n) {
    return n + 1;
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return helper(n);
}
