// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/abi/error_code.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

struct Row {
    std::string name;
    char room[2];
    unsigned number;
    int exit;
    std::string text;
    unsigned code;
};

#define ROW(name, a, b, number, exit, text) \
    Row{#name, {a, b}, number, DEFIB_EXIT_##exit, text, (unsigned)DEFIB_ERROR_##name},
const std::vector<Row> ROWS = {DEFIB_ERROR_LIST(ROW)};
#undef ROW

TEST(ErrorCodes, AreUnique) {
    std::set<unsigned> codes;
    for (const Row& row : ROWS) EXPECT_TRUE(codes.insert(row.code).second) << row.name;
}

TEST(ErrorCodes, AreNumberedFromOneWithoutGapsInEachRoom) {
    // A gap is a removed line, and a removed line gives an old journal a new meaning.
    std::map<std::string, unsigned> last;
    for (const Row& row : ROWS) {
        unsigned& previous = last[std::string(row.room, 2)];
        EXPECT_EQ(row.number, previous + 1) << row.name;
        previous = row.number;
    }
}

TEST(ErrorCodes, SayWhatHappenedInOnePhrase) {
    for (const Row& row : ROWS) {
        ASSERT_FALSE(row.text.empty()) << row.name;
        EXPECT_FALSE(std::isupper(static_cast<unsigned char>(row.text.front()))) << row.name;
        EXPECT_NE(row.text.back(), '.') << row.name;
        EXPECT_EQ(row.text.find('\n'), std::string::npos) << row.name;
    }
}

TEST(ErrorCodes, KeepTheValuesThatWereReleased) {
    // One frozen value per room is enough: the others follow from the rule above.
    EXPECT_EQ(static_cast<unsigned>(DEFIB_ERROR_BASE_USAGE), 0x42410001U);
    EXPECT_EQ(static_cast<unsigned>(DEFIB_ERROR_LAYOUT_UNKNOWN_FORMAT), 0x4c590001U);
}

}  // namespace
