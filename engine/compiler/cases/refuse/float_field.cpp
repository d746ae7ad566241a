// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A floating-point field.
#include "engine/compiler/cases/structs.h"

kernel_struct sample {
    float value;
};
VIEW(it, SUMMARY("x"))(kp<sample> object) {
    // refused: floating point, which the two processors round differently; use integers
    return object->value > 1.0f ? 1 : 0;
}
