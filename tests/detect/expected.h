// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What has to be found of each fault of tests/faults, and what else may be said of it.
#ifndef DEFIB_TESTS_DETECT_EXPECTED_H
#define DEFIB_TESTS_DETECT_EXPECTED_H

#include <string_view>
#include <vector>

#include "tests/detect/watch.h"

namespace defib::detect {

struct Expected {
    const char* fault;
    DefibFault finding;
    // The begin of the first culprit's name; empty: none is named.
    const char* culprit;
    // What is true of such a machine too: a CPU that waits for a leaked lock is stuck. Nothing
    // else.
    std::vector<DefibFault> also;
};

const std::vector<Expected>& all_expected();
// Null: none of that name.
const Expected* expected_of(std::string_view fault);

// The right fault with the right culprit.
bool is_it(const Found& found, const Expected& expected);

}  // namespace defib::detect

#endif
