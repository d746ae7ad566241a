// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A cast hides that the word was only found; pointer_from() says it.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 address) {
    // refused: cast to a kernel pointer: take it from a field
    return (kp<task_struct>(address))->flags;
}
