// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A pointer in a record is a number that was forgotten to be one.
#include "engine/compiler/cases/structs.h"

struct Link {
    kp<task_struct> task;
};
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    // refused: a pointer is kept in memory; keep it in a variable, and in records keep address_of()
    emit<Link>(ROW)->task = task;
}
