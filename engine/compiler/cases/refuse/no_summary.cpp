// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whoever decides on it needs one line.
#include "engine/compiler/cases/structs.h"

// refused: needs SUMMARY("..."): one line for whoever decides on it
VIEW(it)(u64 n) {
    return n;
}
