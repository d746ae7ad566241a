// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The screen, read as text: what stands where, at the sizes that people have.
#include "boot/console/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boot/console/testing.h"

namespace defib::boot::console {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Draw, ShowsEverythingAtEightyByTwentyFour) {
    const Grid grid = draw(a_picture(), View{}, 24, 80);
    EXPECT_EQ(grid.line(0),
              " defib  vm:/dev/shm/defib-lab/ram  6.12.0  up 1:02:03               live, 10 Hz");
    EXPECT_EQ(grid.line(1),
              "  0 [|||||###  ] 75% q1   v-hog           1 [          ]  0% q2   swapper/1");
    EXPECT_EQ(grid.line(2), "mem [||||||||||||.....      ] 500/1000M no swap") << text_of(grid);
    EXPECT_EQ(grid.line(3), "load 1.50 0.00 0.00  threads 77  PSI cpu 0/0% mem 25/0% io 0/0%");
    EXPECT_THAT(grid.line(4), StartsWith("-- Findings of detectors ---"));
    EXPECT_EQ(grid.line(5), "     1.000 s  #1   FOUND lock_blocked");
    EXPECT_THAT(grid.line(6), StartsWith("== Processes 4, by CPU ==="));
    EXPECT_EQ(grid.line(7),
              "    PID S CPU   %CPU    RSS       TIME THR NAME             CGROUP, or WAITS FOR");
    EXPECT_EQ(grid.line(8), "   4711 R   0   75.0   390M   78:31.00   1 v-hog            /");
    const Place wait = place_of(grid, "   4712 D     12 s");
    ASSERT_GT(wait.row, 8) << text_of(grid);
    EXPECT_EQ(grid.line(wait.row), "   4712 D     12 s  v-read           mutex held by 4711 v-hog");
    EXPECT_EQ(grid.line(22), "[    2.500000] BUG: bad");
    EXPECT_EQ(grid.line(23),
              "q quit  h help  Tab list  z zoom  / filter  s sort  Enter inspect  k kill  a act");
}

TEST(Draw, LeavesOutFoldersRatherThanWhatLives) {
    Picture picture = a_picture();
    picture.release = "6.12.117+deb12-amd64";
    EXPECT_EQ(draw(picture, View{}, 24, 80).line(0),
              " defib  vm:ram  6.12.117+deb12-amd64  up 1:02:03                    live, 10 Hz");
}

TEST(Draw, UsesWhatAWiderScreenHas) {
    const Grid grid = draw(a_picture(), View{}, 40, 120);
    EXPECT_EQ(place_of(grid, "live, 10 Hz").column, 108);
    EXPECT_THAT(grid.line(39), HasSubstr("r reverse"));
    EXPECT_EQ(place_of(grid, "mutex held by 4711 v-hog").row, 9 + 2) << text_of(grid);
    EXPECT_EQ(place_of(grid, "swapper/1").row, 1);
}

TEST(Draw, SaysWhoIsChosenByItsRow) {
    View view;
    view.chosen_pid = 4712;
    const Grid grid = draw(a_picture(), view, 24, 80);
    const Place row = place_of(grid, "   4712 D   0");
    ASSERT_GE(row.row, 0);
    EXPECT_EQ(grid.at(row.row, 0).style, Style::selected);
    EXPECT_NE(grid.at(row.row - 1, 0).style, Style::selected);
}

TEST(Draw, TellsADeadKernelFromALivingOne) {
    Picture picture = a_picture();
    picture.life = Life::still;
    picture.still_seconds = 14;
    EXPECT_THAT(draw(picture, View{}, 24, 80).line(0), HasSubstr("its clock stands still: 14 s"));
    picture.life = Life::dump;
    EXPECT_THAT(draw(picture, View{}, 24, 80).line(0), HasSubstr("a dump"));
    picture.life = Life::lost;
    EXPECT_THAT(draw(picture, View{}, 24, 80).line(0), HasSubstr("it is gone"));
}

TEST(Draw, SaysHowLongAnotherMachineIsSilent) {
    Picture picture = a_picture();
    picture.target = "10.0.0.7:7070";
    picture.silent_seconds = 0.3;
    EXPECT_THAT(draw(picture, View{}, 24, 80).line(0), HasSubstr("live, 10 Hz"));
    picture.silent_seconds = 7.2;
    EXPECT_EQ(draw(picture, View{}, 24, 80).line(0),
              " defib  10.0.0.7:7070  6.12.0  up 1:02:03                     no answer for 7 s");
}

TEST(Draw, MarksACpuWhoseTimeIsNotCountedAndOneThatSpins) {
    Picture picture = a_picture();
    picture.cpus[0].is_silent = true;
    picture.cpus[1] = a_cpu(1, 0, 1, "v-spin");
    picture.cpus[1].spins_for = "0xffff";
    const std::string line = draw(picture, View{}, 24, 100).line(1);
    EXPECT_THAT(line, HasSubstr("[no time counted"));
    EXPECT_THAT(line, HasSubstr("v-spin SPINS"));
}

TEST(Draw, GivesEachOfManyCpusACharacter) {
    Picture picture = a_picture();
    picture.cpus.clear();
    for (uint32_t i = 0; i < 128; i++) picture.cpus.push_back(a_cpu(i, i == 65 ? 1 : 0.31, 0, "x"));
    const Grid grid = draw(picture, View{}, 24, 80);
    EXPECT_EQ(grid.line(1), "   0 [" + std::string(64, '3') + "]");
    EXPECT_EQ(grid.line(2), "  64 [3#" + std::string(62, '3') + "]");
    EXPECT_THAT(grid.line(3), StartsWith("mem"));
}

TEST(Draw, NamesADeadlock) {
    Picture picture = a_picture();
    picture.waits[0].is_in_ring = true;
    const Grid grid = draw(picture, View{}, 24, 80);
    const Place deadlock = place_of(grid, "DEADLOCK mutex held by");
    ASSERT_GE(deadlock.row, 0);
    EXPECT_EQ(grid.at(deadlock.row, deadlock.column).style, Style::alarm);
}

TEST(Draw, SaysWhatCouldNotBeLookedAt) {
    Picture picture = a_picture();
    picture.troubles = {"processes: the list is incomplete"};
    EXPECT_EQ(place_of(draw(picture, View{}, 24, 80), "processes: the list is incomplete").row, 4);
}

TEST(Draw, ZoomsTheListInFocus) {
    View view;
    view.focus = Pane::log;
    view.is_zoomed = true;
    const Grid grid = draw(a_picture(), view, 24, 80);
    EXPECT_THAT(grid.line(1), StartsWith("== Kernel log ="));
    EXPECT_EQ(grid.line(2), "[    1.000000] first");
    EXPECT_EQ(place_of(grid, "Processes").row, -1);
}

TEST(Draw, GoesBackInTheLog) {
    Picture picture = a_picture();
    picture.log.clear();
    for (int i = 0; i < 100; i++) picture.log.push_back({0, 6, "message " + std::to_string(i)});
    View view;
    view.focus = Pane::log;
    view.is_zoomed = true;
    EXPECT_THAT(draw(picture, view, 12, 80).line(10), HasSubstr("message 99"));
    view.back = 50;
    const Grid back = draw(picture, view, 12, 80);
    EXPECT_THAT(back.line(10), HasSubstr("message 49"));
    EXPECT_THAT(back.line(1), HasSubstr("50 rows back"));
    view.back = 99;  // still a whole page
    EXPECT_THAT(draw(picture, view, 12, 80).line(2), HasSubstr("message 0"));
}

TEST(Draw, KeepsTheChosenRowInSight) {
    Picture picture = a_picture();
    picture.tasks.clear();
    for (int32_t i = 1; i <= 200; i++) picture.tasks.push_back(a_task(i, "t", 0, 10));
    View view;
    view.sort = Sort::pid;
    view.chosen_pid = 150;
    const Grid grid = draw(picture, view, 24, 80);
    EXPECT_GT(place_of(grid, "    150 S").row, 0);
    EXPECT_EQ(place_of(grid, "    200 S").row, -1);
}

TEST(Draw, ShowsAPlanAndAsks) {
    View view;
    view.mode = Mode::plan;
    view.told = {.heading = "signal 4711 v-hog, the plan",
                 .lines = {"signal   task_struct.pending", "   0x1, 8 bytes: 0x0 -> 0x100"},
                 .verdict = "y carries it out",
                 .is_well = true};
    const Grid grid = draw(a_picture(), view, 24, 80);
    EXPECT_GT(place_of(grid, "- signal 4711 v-hog, the plan -").row, 0) << text_of(grid);
    EXPECT_GT(place_of(grid, "0x1, 8 bytes: 0x0 -> 0x100").row, 0);
    EXPECT_EQ(grid.line(23), "y carry it out  any other key leave it");
    view.told.is_well = false;
    EXPECT_EQ(draw(a_picture(), view, 24, 80).line(23), "any key go back");
}

TEST(Draw, CountsWhatADialogCannotHold) {
    View view;
    view.mode = Mode::plan;
    view.told.heading = "many";
    for (int i = 0; i < 50; i++) view.told.lines.push_back("store " + std::to_string(i));
    view.told.verdict = "it is done";
    const Grid grid = draw(a_picture(), view, 24, 80);
    EXPECT_GT(place_of(grid, "1 to 20 of 51").row, 0);
    EXPECT_GT(place_of(grid, "it is done").row, 0) << "the outcome is seen first";
    view.told_from = 1000;
    EXPECT_GT(place_of(draw(a_picture(), view, 24, 80), "32 to 51 of 51").row, 0);
}

TEST(Draw, InspectsAProcessAndSaysWhenItHasEnded) {
    View view;
    view.mode = Mode::inspect;
    view.chosen_pid = 4712;
    Picture picture = a_picture();
    const Grid grid = draw(picture, view, 24, 80);
    EXPECT_GT(place_of(grid, "- 4712 v-read -").row, 0) << text_of(grid);
    EXPECT_GT(place_of(grid, "waits for   mutex held by 4711 v-hog").row, 0);
    EXPECT_GT(place_of(grid, "blocked     for 12 s or longer").row, 0);
    picture.tasks.clear();
    EXPECT_GT(place_of(draw(picture, view, 24, 80), "it has ended").row, 0);
}

TEST(Draw, LeavesOutColumnsOnANarrowScreen) {
    const Grid grid = draw(a_picture(), View{}, 24, 50);
    EXPECT_THAT(text_of(grid), HasSubstr("    PID S   %CPU    RSS NAME"));
    EXPECT_THAT(text_of(grid), HasSubstr("   4711 R   75.0   390M v-hog"));
    EXPECT_THAT(text_of(grid), Not(HasSubstr("TIME")));
}

// No size makes it read or write outside, and the keys stay where they are.
TEST(Draw, FitsIntoEverySize) {
    View view;
    for (const Mode mode :
         {Mode::watch, Mode::filter, Mode::inspect, Mode::repairs, Mode::plan, Mode::help}) {
        view.mode = mode;
        view.chosen_pid = 4711;
        view.repairs = {{"signal", "gives a signal", "signal %d", ""}};
        for (int rows = 0; rows <= 30; rows++) {
            for (const int columns : {0, 1, 29, 30, 31, 40, 79, 80, 81, 200}) {
                const Grid grid = draw(a_picture(), view, rows, columns);
                ASSERT_EQ(grid.rows(), rows);
                if (rows < 5 || columns < 30) continue;
                EXPECT_THAT(grid.line(0), HasSubstr("defib")) << rows << " x " << columns;
                EXPECT_NE(grid.line(rows - 1), "") << rows << " x " << columns;
            }
        }
    }
}

}  // namespace
}  // namespace defib::boot::console
