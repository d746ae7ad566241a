// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// There is no unwinding on a GPU.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: cannot use 'throw' with exceptions disabled
    if (n == 0) throw 1;
    return n;
}
