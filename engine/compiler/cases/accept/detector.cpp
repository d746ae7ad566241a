// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A detector with its period.
#include "engine/compiler/cases/structs.h"

// manifest: "period_ms": 100
// manifest: "kind": "detector"
DETECTOR(it, SUMMARY("x"), PERIOD_MS(100), FUEL(5000))() {
    return symbol(task_struct, init_task)->state;
}
