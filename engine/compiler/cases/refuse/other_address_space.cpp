// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// GPU shared memory, by its number.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(u64 address) {
    // refused: address space 3
    return *(__attribute__((address_space(3))) u64*)address;
}
