// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What hangs in an array is the routine's word.
#include "engine/kernel/xarray.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.jobctl))(kp<pid_namespace> space, u64 index) {
    // refused: a store to task_struct.jobctl through a found pointer; declare WRITES_FOUND(
    xarray_at<task_struct>(&space->idr.idr_rt, index)->jobctl = 0;
}
