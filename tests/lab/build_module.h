// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_BUILD_MODULE_H
#define DEFIB_TESTS_LAB_BUILD_MODULE_H

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tests/lab/kernels.h"

namespace defib::lab {

// The module of that folder, built for that kernel: where it is not, or is older than its sources,
// it is built now. It comes to lie in a folder of the kernel's name under `into`. `beside`: files
// from elsewhere that shall lie with the sources.
Result<std::filesystem::path> build_module(const std::filesystem::path& sources,
                                           const Kernel& kernel, const std::filesystem::path& into,
                                           const std::vector<std::string>& beside = {});

}  // namespace defib::lab

#endif
