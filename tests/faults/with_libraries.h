// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_FAULTS_WITH_LIBRARIES_H
#define DEFIB_TESTS_FAULTS_WITH_LIBRARIES_H

#include <string>
#include <vector>

#include "tests/lab/guest.h"

namespace defib::faults {

// Brings a program of this machine, and the libraries that ldd names for it, to the same paths in
// the guest.
Result<void> push_with_libraries(lab::Guest& guest, const std::string& program);

// The paths in what ldd printed.
std::vector<std::string> libraries_in(const std::string& ldd_output);

}  // namespace defib::faults

#endif
