// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A detector is run at its period, for nothing.
#include "engine/compiler/cases/structs.h"

COLLECTOR(all, SUMMARY("x"))() {}
// refused: OF_EACH is not for detectors; drop it
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10), OF_EACH(all))(kp<task_struct> task) {
    return task->flags;
}
