// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A fence.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 n) {
    // refused: an atomic operation or fence, which is not atomic from a GPU
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return n;
}
