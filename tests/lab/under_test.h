// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests that need a guest.
//
//   GuestUnderTest guest({.kernel = "6.1"});
//   ASSERT_TRUE(guest.is_up());
//   EXPECT_TRUE(ok(guest->run({"true"})));
#ifndef DEFIB_TESTS_LAB_UNDER_TEST_H
#define DEFIB_TESTS_LAB_UNDER_TEST_H

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>

#include "tests/lab/guest.h"

namespace defib::lab {

template <class T>
::testing::AssertionResult ok(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << to_line(result.error());
}

// A guest that shows its console's end when the test around it fails.
class GuestUnderTest {
  public:
    explicit GuestUnderTest(GuestOptions options) {
        auto guest = Guest::boot(std::move(options));
        if (guest) {
            guest_ = std::move(*guest);
        } else {
            ADD_FAILURE() << to_line(guest.error());
        }
    }
    GuestUnderTest(const GuestUnderTest&) = delete;
    GuestUnderTest& operator=(const GuestUnderTest&) = delete;
    ~GuestUnderTest() {
        if (!guest_ || !::testing::Test::HasFailure()) return;
        std::printf("--- the console of %s ends:\n%s\n---\n", guest_->kernel().release.c_str(),
                    guest_->console_tail().c_str());
    }

    bool is_up() const { return guest_.has_value(); }
    Guest* operator->() { return &*guest_; }
    Guest& operator*() { return *guest_; }

  private:
    std::optional<Guest> guest_;
};

}  // namespace defib::lab

#endif
