// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Stepping back from a member.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<rlimit> limit) {
    // refused: arithmetic on a pointer to rlimit
    return (limit - 1)->rlim_cur;
}
