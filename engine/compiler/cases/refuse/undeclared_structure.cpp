// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A structure without kernel_struct has this compiler's offsets.
#include "engine/compiler/cases/structs.h"

struct plain {
    u64 first;
    u64 second;
};
VIEW(it, SUMMARY("x"))(kp<plain> object) {
    // refused: a member of 'plain', which is not declared with kernel_struct; declare it so
    return object->second;
}
