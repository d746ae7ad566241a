// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a base lies is up to this compiler.
#include "engine/compiler/cases/structs.h"

// refused: a structure of the kernel with a base; declare its members in it
kernel_struct thread : list_head {
    u64 number;
};
VIEW(it, SUMMARY("x"))(kp<thread> object) {
    return object->number;
}
