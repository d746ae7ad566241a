// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A found word is read through freely.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 word) {
    return pointer_from<task_struct>(word)->flags;
}
