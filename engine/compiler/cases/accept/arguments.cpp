// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Signed and narrow arguments and results.
#include "engine/compiler/cases/structs.h"

// manifest: "name": "signal"
// manifest: "signed": true
ROUTINE(it, SUMMARY("x"))(s32 pid, u8 signal, bool force)->s32 {
    return force ? pid : -signal;
}
