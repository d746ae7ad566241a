// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists start at a member.
#include "engine/compiler/cases/structs.h"

// refused: HOLDS(structure.member) belongs on a member
kernel_struct HOLDS(task_struct.tasks) holder {
    list_head list;
};
VIEW(it, SUMMARY("x"))(kp<holder> object) {
    return address_of(object->list.next);
}
