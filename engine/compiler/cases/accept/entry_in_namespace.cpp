// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An entry among helpers in a namespace of the file.
#include "engine/compiler/cases/structs.h"

namespace {
u64 twice(u64 n) {
    return 2 * n;
}
VIEW(it, SUMMARY("x"))(u64 n) {
    return twice(n);
}
}  // namespace
