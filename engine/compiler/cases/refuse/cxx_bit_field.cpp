// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A C++ bit-field lies where this compiler would put it.
#include "engine/compiler/cases/structs.h"

kernel_struct flagged {
    u32 first : 1;
    u32 second : 2;
};
VIEW(it, SUMMARY("x"))(kp<flagged> object) {
    // refused: flagged.second is declared as a C++ bit-field; declare it 'BitField second;'
    return object->second;
}
