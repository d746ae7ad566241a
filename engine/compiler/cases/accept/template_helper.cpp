// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Templates over structures.
#include "engine/compiler/cases/structs.h"

template <class T>
static u64 flags_of(kp<T> object) {
    return object->flags;
}
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    return flags_of(task);
}
