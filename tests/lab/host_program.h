// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_HOST_PROGRAM_H
#define DEFIB_TESTS_LAB_HOST_PROGRAM_H

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace defib::lab {

// Runs a program of this machine to its end and gives its standard output; anything but success is
// an error that carries the end of its standard error.
Result<std::string> run_host_program(const std::vector<std::string>& argv);

}  // namespace defib::lab

#endif
