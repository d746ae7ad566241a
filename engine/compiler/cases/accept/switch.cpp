// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A switch is no jump table of the processor's.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    switch (task->state) {
        case 0:
            return 'R';
        case 1:
            return 'S';
        case 2:
            return 'D';
        case 4:
            return 'T';
        case 8:
            return 't';
        default:
            return '?';
    }
}
