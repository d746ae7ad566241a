// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/record.h"

#include <gtest/gtest.h>

namespace defib::boot {
namespace {

struct Row {
    uint64_t time;
    int32_t pid;
    char comm[4];
};

TEST(SeenRecord, IsTheStructureThatTheRoutineFilledOrNothing) {
    const Row row = {7, -2, "sh"};
    SeenRecord record{300, std::as_bytes(std::span(&row, 1))};
    ASSERT_TRUE(record.as<Row>(300));
    EXPECT_EQ(record.as<Row>(300)->pid, -2);
    EXPECT_FALSE(record.as<Row>(301));
    record.bytes = record.bytes.first(sizeof row - 1);
    EXPECT_FALSE(record.as<Row>(300));
}

TEST(Printable, KeepsTextAndShowsTheRest) {
    EXPECT_EQ(printable("kworker/0:1\tx"), "kworker/0:1\tx");
    EXPECT_EQ(printable("gr\xc3\xb6\xc3\x9f"
                        "er"),
              "gr\xc3\xb6\xc3\x9f"
              "er");
    EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");
}

}  // namespace
}  // namespace defib::boot
