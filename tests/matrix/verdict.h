// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What `defib run` said, read as a judge does: was it found what is owed, is it over, and what was
// said or done that should not have been.
#ifndef DEFIB_TESTS_MATRIX_VERDICT_H
#define DEFIB_TESTS_MATRIX_VERDICT_H

#include <span>

#include "tests/matrix/cases.h"
#include "tests/matrix/result.h"
#include "tests/recover/defib_run.h"

namespace defib::matrix {

struct Verdict {
    double found_s = -1;
    double over_s = -1;  // of the last of the findings that are owed
    unsigned open = 0;   // of these
    std::vector<std::string> repairs;
    std::vector<std::string> false_findings;
    std::vector<std::string> harm;
    std::string last;
};

// `one` null: a healthy machine, of which nothing may be said that acts.
Verdict judge(std::span<const recover::Event> events, lab::Clock::time_point struck,
              const Case* one);

}  // namespace defib::matrix

#endif
