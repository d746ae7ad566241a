// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/symptom.h"

#include <gtest/gtest.h>

#include <regex>

#include "tests/faults/with_libraries.h"

namespace defib::faults {
namespace {

constexpr std::string_view STAT =
    "7 (v-read) D 5 5 5 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 10 0 0\n"
    "8 (v-read) S 5 5 5 0 -1 1 0 0 0 0 0 0 0 0 20 0 3 0 10 0 0\n"
    "9 (v-read) D 6 6 6 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 10 0 0\n"
    "10 (a) (b) R 6 6 6 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 10 0 0\n";

TEST(CountTasks, CountsByNameAndState) {
    EXPECT_EQ(count_tasks(STAT, "v-read", 'D', {}), 2U);
    EXPECT_EQ(count_tasks(STAT, "v-read", 'R', {}), 0U);
}

TEST(CountTasks, CountsByTheNamesBeginning) {
    EXPECT_EQ(count_tasks(STAT, "v-*", 'D', {}), 2U);
    EXPECT_EQ(count_tasks(STAT, "v", 'D', {}), 0U);
}

TEST(CountTasks, CountsThreads) {
    EXPECT_EQ(count_tasks(STAT, "v-read", 'S', {}), 3U);
    EXPECT_EQ(count_tasks(STAT, "v-read", '*', {}), 5U);
}

TEST(CountTasks, KnowsOneInjectionFromAnother) {
    EXPECT_EQ(count_tasks(STAT, "v-read", 'D', {6}), 1U);
}

TEST(CountTasks, TakesAnyName) {
    EXPECT_EQ(count_tasks(STAT, "a) (b", 'R', {}), 1U);
}

TEST(CountTasks, PassesOverWhatIsNoStatLine) {
    EXPECT_EQ(count_tasks("", "v-read", '*', {}), 0U);
    EXPECT_EQ(count_tasks("8 (v-read) D 5\n8 (v-read)\n)(\n\n", "v-read", '*', {}), 0U);
}

TEST(Meminfo, GivesMegabytes) {
    constexpr std::string_view TEXT =
        "MemTotal:  482000 kB\nMemAvailableX: 1 kB\nMemAvailable: 204800 kB\nSwapFree:\n";
    EXPECT_EQ(meminfo_mb(TEXT, "MemAvailable"), 200U);
    EXPECT_EQ(meminfo_mb(TEXT, "SwapFree"), 0U);
    EXPECT_EQ(meminfo_mb(TEXT, "SwapTotal"), 0U);
}

TEST(FirstMatch, GivesTheLineWithoutItsEnd) {
    EXPECT_EQ(first_match("one\r\n[1.0] soft lockup - CPU#1 [f1a/1:9]\r\nthree",
                          "soft lockup - CPU#.*\\[f1a/"),
              "[1.0] soft lockup - CPU#1 [f1a/1:9]");
    EXPECT_EQ(first_match("one\ntwo", "three"), "");
}

TEST(FirstMatch, EveryPatternOfTheTableIsOne) {
    for (const Fault& fault : all()) {
        for (const Evidence& evidence : fault.symptom) {
            if (evidence.sign != Sign::LOG_SAYS) continue;
            EXPECT_NO_THROW(std::regex{evidence.text}) << fault.name;
        }
    }
    EXPECT_NO_THROW(std::regex{TROUBLE});
}

TEST(Libraries, AreThePathsThatLddPrints) {
    EXPECT_EQ(libraries_in("\tlinux-vdso.so.1 (0x7ff)\n\tlibm.so.6 => /lib/libm.so.6 (0x7f)\n"
                           "\t/lib64/ld-linux-x86-64.so.2 (0x7f)\n"),
              (std::vector<std::string>{"/lib/libm.so.6", "/lib64/ld-linux-x86-64.so.2"}));
}

}  // namespace
}  // namespace defib::faults
