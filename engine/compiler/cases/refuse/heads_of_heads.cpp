// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Heads may have heads, four stages in all.
#include "engine/compiler/cases/structs.h"

COLLECTOR(all, SUMMARY("x"))() {}
COLLECTOR(some, SUMMARY("x"), OF_EACH(all))(kp<task_struct> task) {
    emit_pointer(task);
}
COLLECTOR(few, SUMMARY("x"), OF_EACH(some))(kp<task_struct> task) {
    emit_pointer(task);
}
COLLECTOR(fewer, SUMMARY("x"), OF_EACH(few))(kp<task_struct> task) {
    emit_pointer(task);
}
// refused: OF_EACH leads through more than 3 other collectors, or back
COLLECTOR(fewest, SUMMARY("x"), OF_EACH(fewer))(kp<task_struct> task) {
    emit_pointer(task);
}
