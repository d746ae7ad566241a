// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a guest is made of, without one.
#include <gtest/gtest.h>

#include "tests/lab/beats.h"
#include "tests/lab/cpio.h"
#include "tests/lab/kernels.h"
#include "tests/lab/machine.h"
#include "tests/lab/modules.h"

namespace defib::lab {
namespace {

TEST(Cpio, IsAlignedAndEndsWithTheTrailer) {
    CpioWriter writer;
    writer.add_folder("a");
    writer.add_file("a/file", "12345", 0644);
    writer.add_device("console", 5, 1);
    const std::string archive = std::move(writer).finish();
    EXPECT_EQ(archive.size() % 4, 0U);
    size_t at = 0;
    std::vector<std::string> names;
    while (at < archive.size()) {
        ASSERT_EQ(archive.substr(at, 6), "070701");
        const auto field = [&](size_t index) {
            return std::stoul(archive.substr(at + 6 + index * 8, 8), nullptr, 16);
        };
        const size_t size = field(6);
        const size_t name_size = field(11);
        names.push_back(archive.substr(at + 110, name_size - 1));
        const size_t content = (at + 110 + name_size + 3) & ~size_t{3};
        if (names.back() == "a/file") {
            EXPECT_EQ(archive.substr(content, size), "12345");
        }
        if (names.back() == "console") {
            EXPECT_EQ(field(9), 5U);
            EXPECT_EQ(field(10), 1U);
        }
        at = (content + size + 3) & ~size_t{3};
    }
    EXPECT_EQ(names, (std::vector<std::string>{"a", "a/file", "console", "TRAILER!!!"}));
}

TEST(Modules, NameWhatTheyNeedInTheirModinfo) {
    const std::string module(
        "\x7f"
        "ELF\0license=GPL\0depends=mbcache,jbd2\0name=ext4\0",
        48);
    EXPECT_EQ(dependencies_of(module), (std::vector<std::string>{"mbcache", "jbd2"}));
    EXPECT_TRUE(dependencies_of(std::string("\0depends=\0name=x\0", 17)).empty());
    EXPECT_TRUE(dependencies_of("no module").empty());
}

TEST(Kernels, ThatTheLabDoesNotKnowAreRefusedWithTheOnesItDoes) {
    const auto kernel = find_kernel("5.10");
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().code, DEFIB_ERROR_LAB_NO_KERNEL);
    EXPECT_NE(kernel.error().advice.find("6.12-rt"), std::string::npos);
}

TEST(Beats, TheLongestGapCountsBothEnds) {
    using std::chrono::milliseconds;
    const Clock::time_point start{};
    std::vector<Beat> beats;
    for (const int at : {20, 40, 60, 500, 520}) beats.push_back({{}, start + milliseconds(at)});
    EXPECT_EQ(longest_gap(beats, start, start + milliseconds(530)), milliseconds(440));
    EXPECT_EQ(longest_gap(beats, start, start + milliseconds(1500)), milliseconds(980));
    EXPECT_EQ(longest_gap({}, start, start + milliseconds(100)), milliseconds(100));
}

TEST(ConsoleTail, IsItsLastLines) {
    EXPECT_EQ(tail_of("one\r\ntwo\r\nthree\r\n", 2), "two\nthree\n");
    EXPECT_EQ(tail_of("one\ntwo", 5), "one\ntwo");
    EXPECT_EQ(tail_of("", 5), "");
}

}  // namespace
}  // namespace defib::lab
