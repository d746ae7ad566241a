// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Heads are found in one step.
#include "engine/compiler/cases/structs.h"

COLLECTOR(first, SUMMARY("x"))() {}
COLLECTOR(second, SUMMARY("x"), OF_EACH(first))(kp<task_struct> task) {
    emit_pointer(task);
}
// refused: OF_EACH names 'second', which is OF_EACH of another itself
COLLECTOR(third, SUMMARY("x"), OF_EACH(second))(kp<task_struct> task) {
    emit_pointer(task);
}
