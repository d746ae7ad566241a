// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_MATRIX_SCHEDULE_H
#define DEFIB_TESTS_MATRIX_SCHEDULE_H

#include <span>
#include <vector>

#include "tests/matrix/result.h"

namespace defib::matrix {

// Empty lists: all of them.
struct Wanted {
    unsigned rounds = 1;         // of each fault, kernel and workload
    unsigned healthy_parts = 0;  // of each healthy load and kernel
    unsigned hooked_rounds = 0;  // of each fault and kernel, with the kernel module in the guest
    std::vector<std::string> faults;
    std::vector<std::string> kernels;
    std::vector<std::string> workloads;
};

// The rounds that `done` does not hold yet for that build. The first of everything comes first, so
// that a run that is cut off has something of each.
std::vector<Round> still_to_do(const Wanted& wanted, std::span<const RoundResult> done,
                               const std::string& build);

}  // namespace defib::matrix

#endif
