// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/byte_ranges.h"

#include <gtest/gtest.h>

namespace defib::boot {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(ByteRanges, ThatTouchAreOne) {
    ByteRanges parts;
    parts.add(0, 4096);
    parts.add(4096, 8192);
    parts.add(12288, 16384);
    parts.add(20000, 20000);
    EXPECT_EQ(parts.all(), (Ranges{{0, 8192}, {12288, 16384}}));
    EXPECT_EQ(parts.bytes(), 12288U);
}

TEST(ByteRanges, LeaveGaps) {
    ByteRanges parts;
    EXPECT_EQ(parts.gaps(100).all(), (Ranges{{0, 100}}));
    parts.add(10, 20);
    parts.add(50, 60);
    EXPECT_EQ(parts.gaps(100).all(), (Ranges{{0, 10}, {20, 50}, {60, 100}}));
    EXPECT_EQ(parts.gaps(55).all(), (Ranges{{0, 10}, {20, 50}}));
    EXPECT_EQ(parts.gaps(15).all(), (Ranges{{0, 10}}));
    EXPECT_TRUE(parts.gaps(0).empty());
}

}  // namespace
}  // namespace defib::boot
