// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// 128 bits are two fields.
#include "engine/compiler/cases/structs.h"

kernel_struct wide {
    unsigned __int128 value;
};
VIEW(it, SUMMARY("x"))(kp<wide> object) {
    // refused: an integer of more than 64 bits; use u64
    return static_cast<u64>(object->value >> 64);
}
