// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Address 0 of the engine itself.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))() {
    // refused: memory that is neither a record of emit() nor a static constexpr table
    return *static_cast<volatile u64*>(nullptr);
}
