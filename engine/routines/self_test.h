// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What self_test.cpp reports; boot/self_test/ holds it against what it knows.
#ifndef DEFIB_ENGINE_ROUTINES_SELF_TEST_H
#define DEFIB_ENGINE_ROUTINES_SELF_TEST_H

#include <stdint.h>

#include "engine/abi/record.h"

#define DEFIB_RECORD_SELF_TEST (DEFIB_RECORD_OWN + 255)

struct DefibSelfTestRecord {
    uint64_t node;
    uint64_t sum;
};

// Not 0 and not one of the engine's reasons: that this one came back shows that reasons do.
#define DEFIB_SELF_TEST_REASON 777u

#endif
