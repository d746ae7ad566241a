// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/grid.h"

#include <gtest/gtest.h>

namespace defib::boot::console {
namespace {

TEST(Grid, CutsOffWhatIsOutside) {
    Grid grid(2, 5);
    EXPECT_EQ(grid.put(0, 3, "abcd"), 7);
    grid.put(5, 0, "nowhere");
    grid.put(1, -2, "xyz");
    EXPECT_EQ(grid.line(0), "   ab");
    EXPECT_EQ(grid.line(1), "z");
    EXPECT_EQ(grid.at(9, 9), Cell{});
}

TEST(Grid, PutsTextWithinAWidthAndAgainstAnEnd) {
    Grid grid(2, 12);
    EXPECT_EQ(grid.put_within(0, 0, 3, "abcdef"), 3);
    grid.put_right(1, 8, "right");
    EXPECT_EQ(grid.line(0), "abc");
    EXPECT_EQ(grid.line(1), "   right");
}

TEST(Grid, CountsLettersAndNotBytes) {
    Grid grid(1, 10);
    EXPECT_EQ(width_of("größe"), 5);
    EXPECT_EQ(grid.put(0, 0, "größe"), 5);
    EXPECT_EQ(grid.line(0), "größe");
}

// Wide, combining, written from the right, broken: none may shift what stands behind it.
TEST(Grid, ShowsEverythingElseAsOneQuestionMark) {
    Grid grid(1, 20);
    grid.put(0, 0,
             "漢a\xcc\x81"
             "b\xff"
             "c\xd7\x90"
             "d\x1b[e");
    EXPECT_EQ(grid.line(0), "?a?b?c?d?[e");
    Grid broken(1, 20);
    broken.put(0, 0, "x\xe6\xbc");
    EXPECT_EQ(broken.line(0), "x?");
}

TEST(Grid, GivesWhatStandsThereAnotherMeaning) {
    Grid grid(1, 4);
    grid.put(0, 0, "ab", Style::good);
    grid.restyle(0, 0, 10, Style::selected);
    EXPECT_EQ(grid.at(0, 1), (Cell{U'b', Style::selected}));
    EXPECT_EQ(grid.at(0, 3).style, Style::selected);
}

TEST(Grid, MayBeOfNoSize) {
    Grid grid(0, -3);
    grid.put(0, 0, "x");
    EXPECT_EQ(grid.line(0), "");
}

}  // namespace
}  // namespace defib::boot::console
