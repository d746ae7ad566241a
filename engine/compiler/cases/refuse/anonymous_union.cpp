// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a layout flattens, the declaration flattens too.
#include "engine/compiler/cases/structs.h"

kernel_struct slot {
    u32 kind;
    union {
        u64 word;
        u32 half;
    };
};
VIEW(it, SUMMARY("x"))(kp<slot> object) {
    // refused: a structure or union without a name
    return object->word;
}
