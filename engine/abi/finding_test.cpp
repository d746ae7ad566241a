// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/abi/finding.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace {

struct Row {
    std::string name;
    unsigned number;
    std::string word;
    std::string text;
};

#define ROW(name, number, word, text) Row{#name, number, word, text},
const std::vector<Row> ROWS = {DEFIB_FAULT_LIST(ROW)};
#undef ROW

TEST(Faults, AreNumberedFromOneWithoutGaps) {
    // A gap is a removed line, and a removed line gives an old journal a new meaning.
    unsigned previous = 0;
    for (const Row& row : ROWS) {
        EXPECT_EQ(row.number, previous + 1) << row.name;
        previous = row.number;
    }
}

TEST(Faults, HaveTheWordsThatPoliciesUse) {
    std::set<std::string> words;
    for (const Row& row : ROWS) {
        EXPECT_TRUE(words.insert(row.word).second) << row.name;
        std::string lower;
        for (const char letter : row.name)
            lower += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        EXPECT_EQ(row.word, lower);
        EXPECT_FALSE(row.text.empty()) << row.name;
    }
}

// A policy that was compiled for one engine is read by another, and journals outlive both.
TEST(Faults, KeepTheirNumbers) {
    EXPECT_EQ(DEFIB_FAULT_MEMORY_LOW, 1);
    EXPECT_EQ(DEFIB_FAULT_TASK_BLOCKED, 12);
    EXPECT_EQ(DEFIB_FAULT_SPINLOCK_LEAKED, 21);
    EXPECT_EQ(DEFIB_FAULT_OOPS, 25);
    EXPECT_EQ(DEFIB_FAULT_LOST_LOG_WORK, 26);
    EXPECT_EQ(DEFIB_FAULT_THRASH, 27);
    EXPECT_EQ(DEFIB_FAULT_DISK_BUSY, 28);
    EXPECT_EQ(DEFIB_FAULT_CPU_FAILING, 29);
}

TEST(Findings, HaveNoHoles) {
    EXPECT_EQ(sizeof(DefibFinding), 4U + 4 + 8 + 8 + 8 * DEFIB_FINDING_EVIDENCE);
    EXPECT_EQ(sizeof(DefibCulprit), 6U * 8 + 10 * 4 + 16);
}

}  // namespace
