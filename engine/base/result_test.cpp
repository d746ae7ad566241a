// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/result.h"

#include <gtest/gtest.h>

namespace defib {
namespace {

TEST(ErrorLine, SaysWhatWhereAndWhatToDo) {
    const Error error{DEFIB_ERROR_LAYOUT_TRUNCATED, "vmlinuz", "ends at byte 12", "fetch it again"};
    EXPECT_EQ(to_line(error), "vmlinuz: truncated: ends at byte 12; fetch it again");
}

TEST(ErrorLine, LeavesOutWhatIsNotKnown) {
    EXPECT_EQ(to_line(Error{DEFIB_ERROR_LAYOUT_NO_KERNEL, "a.deb", "", ""}),
              "a.deb: holds no kernel");
}

TEST(ErrorLine, StaysOneLineWhateverTheInputSays) {
    const Error error{DEFIB_ERROR_LAYOUT_MALFORMED, "evil\nname\x1b[31m", "a\tb\r", ""};
    const std::string line = to_line(error);
    EXPECT_EQ(line.find_first_of("\n\r\t\x1b"), std::string::npos);
}

TEST(ExitStatus, FollowsTheCode) {
    EXPECT_EQ(exit_status(DEFIB_ERROR_BASE_USAGE), 2);
    EXPECT_EQ(exit_status(DEFIB_ERROR_LAYOUT_MALFORMED), 3);
    EXPECT_EQ(exit_status(DEFIB_ERROR_BASE_CANNOT_READ), 4);
}

TEST(ErrorName, IsTheListsOwn) {
    EXPECT_STREQ(name(DEFIB_ERROR_LAYOUT_TRUNCATED), "LAYOUT_TRUNCATED");
    EXPECT_STREQ(name(DEFIB_ERROR_NONE), "UNKNOWN");
}

}  // namespace
}  // namespace defib
