// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A record has to fit.
#include "engine/compiler/cases/structs.h"

struct Large {
    u64 words[400];
};
VIEW(it, SUMMARY("x"))() {
    // refused: a record of 3200 bytes; the most is 2048
    emit<Large>(ROW)->words[0] = 1;
}
