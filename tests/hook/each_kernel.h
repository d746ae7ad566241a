// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the hook's tests run on: one boot for each kernel.
#ifndef DEFIB_TESTS_HOOK_EACH_KERNEL_H
#define DEFIB_TESTS_HOOK_EACH_KERNEL_H

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace defib::hook_test {

struct EachKernel : ::testing::TestWithParam<std::string> {};

inline std::string name_of_kernel(const ::testing::TestParamInfo<std::string>& kernel) {
    std::string name = "linux_" + kernel.param;
    std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-'; }, '_');
    return name;
}

}  // namespace defib::hook_test

#endif
