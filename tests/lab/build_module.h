// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_BUILD_MODULE_H
#define DEFIB_TESTS_LAB_BUILD_MODULE_H

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tests/lab/kernels.h"

namespace defib::lab {

// Where a machine has neither this tree nor its compilers, what they would give lies in one folder,
// which DEFIB_FAULTS_PREBUILT names: RELEASE/NAME.ko for each kernel and module, defib-victim, and
// stress-ng with its libraries below `root`, each at its path in the guest
// (tests/matrix/make_bundle).
std::optional<std::filesystem::path> prebuilt();

// The module of that folder, built for that kernel: where it is not, or is older than its sources,
// it is built now. It comes to lie in a folder of the kernel's name under `into`. `beside`: files
// from elsewhere that shall lie with the sources.
Result<std::filesystem::path> build_module(const std::filesystem::path& sources,
                                           const Kernel& kernel, const std::filesystem::path& into,
                                           const std::vector<std::string>& beside = {});

}  // namespace defib::lab

#endif
