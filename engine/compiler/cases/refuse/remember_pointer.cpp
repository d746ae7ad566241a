// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The pointer would be a number that was forgotten to be one.
#include "engine/compiler/cases/structs.h"

struct Memory {
    kp<task_struct> task;
};
DETECTOR(it, SUMMARY("x"), PERIOD_MS(10))(kp<task_struct> task) {
    // refused: a pointer is kept in memory; keep it in a variable, and in records keep address_of()
    remember<Memory>()->task = task;
}
