// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store through a pointer and three structures within each other.
#include "engine/compiler/cases/structs.h"

// manifest: "path": "signal_struct.shared_pending.signal.sig[]"
// manifest: "path": "task_struct.signal"
ROUTINE(it, SUMMARY("x"), WRITES(signal_struct.shared_pending.signal.sig))
(kp<task_struct> task, u64 bit) {
    task->signal->shared_pending.signal.sig[0] |= bit;
}
