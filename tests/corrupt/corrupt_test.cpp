// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/corrupt/trial.h"
#include "tests/lab/under_test.h"

namespace defib::corrupt {
namespace {

// The long form is `./dev matrix --corrupt`.
constexpr uint64_t TRIALS = 300;
constexpr unsigned WORDS = 64;
constexpr uint64_t SEED = 20261;

TEST(SpoiltMemory, EndsEveryWalkAndIsNotWrittenTo) {
    lab::GuestUnderTest guest({.kernel = "6.12", .ram_megabytes = 256});
    ASSERT_TRUE(guest.is_up());
    const auto frozen = Frozen::copy(*guest);
    ASSERT_TRUE(lab::ok(frozen));
    const auto outcome = run_trials(**frozen, TRIALS, WORDS, SEED);
    ASSERT_TRUE(lab::ok(outcome));
    EXPECT_TRUE(outcome->wrong.empty()) << outcome->wrong.front();
    EXPECT_EQ(outcome->trials, TRIALS);
    // It is a trial only where what is spoilt is what is read.
    EXPECT_GT(outcome->noticed, TRIALS / 4);
    EXPECT_GT(outcome->of_errors, 0U);
    EXPECT_GT(outcome->planned, 0U);
}

}  // namespace
}  // namespace defib::corrupt
