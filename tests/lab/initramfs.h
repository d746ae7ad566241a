// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_INITRAMFS_H
#define DEFIB_TESTS_LAB_INITRAMFS_H

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tests/lab/kernels.h"

namespace defib::lab {

// A guest's whole userspace: the agent as process 1, busybox, and the modules that `names` need,
// numbered in the order in which they are loaded.
Result<std::string> make_initramfs(const Kernel& kernel, const std::vector<std::string>& modules);

}  // namespace defib::lab

#endif
