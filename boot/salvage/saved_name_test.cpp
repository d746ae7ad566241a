// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/saved_name.h"

#include <gtest/gtest.h>

namespace defib::boot {
namespace {

using namespace std::string_literals;

TEST(SavedName, StaysWhereItIsOne) {
    for (const char* name : {"report.txt", "...", "..a", " ", "a b", "-rf", "%2E", "\xff\xfe"})
        EXPECT_EQ(saved_name(name), name);
    EXPECT_EQ(saved_name(std::string(255, 'x')), std::string(255, 'x'));
}

TEST(SavedName, DoesNotLeadElsewhere) {
    EXPECT_EQ(saved_name(".."), "%2E%2E");
    EXPECT_EQ(saved_name("."), "%2E");
    EXPECT_EQ(saved_name("../../etc/passwd"), "..%2F..%2Fetc%2Fpasswd");
    EXPECT_EQ(saved_name("/"), "%2F");
    EXPECT_EQ(saved_name("a\0b"s), "a%00b");
    EXPECT_EQ(saved_name(""), "%");
}

TEST(SavedName, IsCutWhereItIsTooLong) {
    const std::string cut = saved_name(std::string(256, 'x'));
    EXPECT_EQ(cut, std::string(240, 'x') + "%~");
    EXPECT_LE(saved_name(std::string(255, '/')).size(), 255U);
}

}  // namespace
}  // namespace defib::boot
