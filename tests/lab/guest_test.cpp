// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/guest.h"

#include <gtest/gtest.h>

namespace defib::lab {
namespace {

class EveryKernel : public ::testing::TestWithParam<std::string_view> {};

TEST_P(EveryKernel, BootsAndAnswers) {
    auto guest = Guest::boot({.kernel = std::string(GetParam())});
    ASSERT_TRUE(guest) << to_line(guest.error());
    auto seen = guest->run({"uname", "-r"});
    ASSERT_TRUE(seen) << to_line(seen.error());
    EXPECT_EQ(seen->out, guest->kernel().release + "\n");
    EXPECT_TRUE(guest->alive(Milliseconds(5000)));
    EXPECT_TRUE(guest->alive(Milliseconds(5000), Lane::REALTIME));
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryKernel, ::testing::ValuesIn(kernel_names()));

}  // namespace
}  // namespace defib::lab
