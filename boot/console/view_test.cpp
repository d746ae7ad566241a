// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/view.h"

#include <gtest/gtest.h>

#include "boot/console/testing.h"

namespace defib::boot::console {
namespace {

using Name = Key::Name;

struct Pressed : testing::Test {
    Wish press(char character) { return press(Key{Name::character, character}); }
    Wish press(Name name) { return press(Key{name}); }
    Wish press(const Key& key) { return console::press(view, key, picture, 5); }
    void type(const std::string& text) {
        for (const char c : text) press(c);
    }
    std::vector<int32_t> pids() const {
        std::vector<int32_t> all;
        for (const TaskRow* row : tasks_of(picture, view)) all.push_back(row->process.data.pid);
        return all;
    }

    Picture picture = a_picture();
    View view;
};

TEST_F(Pressed, SSortsByTheNextColumnAndRTheOtherWayRound) {
    EXPECT_EQ(pids(), (std::vector{4711, 1, 2, 4712}));
    press('s');
    EXPECT_EQ(view.sort, Sort::memory);
    EXPECT_EQ(pids(), (std::vector{4711, 1, 4712, 2}));
    press('r');
    EXPECT_EQ(pids(), (std::vector{2, 4712, 1, 4711}));
    press('r');
    press('s');
    EXPECT_EQ(pids(), (std::vector{4712, 4711, 2, 1})) << "time";
    press('s');
    EXPECT_EQ(pids(), (std::vector{1, 2, 4711, 4712})) << "pid";
    press('s');
    EXPECT_EQ(pids(), (std::vector{1, 2, 4711, 4712})) << "name";
    press('s');
    EXPECT_EQ(view.sort, Sort::cpu);
}

TEST_F(Pressed, SlashFiltersWhileItIsTyped) {
    press('/');
    type("V-r");
    EXPECT_EQ(pids(), std::vector{4712});
    EXPECT_EQ(waits_of(picture, view).size(), 1U);
    press(Name::backspace);
    press(Name::backspace);
    EXPECT_EQ(pids(), (std::vector{4711, 4712}));
    press(Name::enter);
    EXPECT_EQ(view.mode, Mode::watch);
    EXPECT_EQ(view.filter, "V");
    press(Name::escape);
    EXPECT_EQ(pids().size(), 4U);
}

TEST_F(Pressed, AFilterMayBeANumberOrWhatSomebodyWaitsFor) {
    view.filter = "4711";
    EXPECT_EQ(pids(), (std::vector{4711, 4712})) << "itself, and who waits for it";
    view.filter = "2";
    EXPECT_EQ(pids(), std::vector{2});
    view.filter = "mutex";
    EXPECT_EQ(pids(), std::vector{4712});
}

TEST_F(Pressed, AFilterHidesMessagesOnlyInFocus) {
    view.filter = "bug";
    EXPECT_EQ(log_of(picture, view).size(), 2U);
    EXPECT_EQ(findings_of(picture, view).size(), 1U);
    view.focus = Pane::log;
    ASSERT_EQ(log_of(picture, view).size(), 1U);
    EXPECT_EQ(log_of(picture, view)[0]->text, "BUG: bad");
    view.focus = Pane::findings;
    EXPECT_EQ(findings_of(picture, view).size(), 0U);
}

TEST_F(Pressed, WhoIsChosenStaysChosenWhereverItMovesTo) {
    EXPECT_EQ(chosen_pid(picture, view), 4711) << "the first, before anybody is chosen";
    press(Name::down);
    EXPECT_EQ(chosen_pid(picture, view), 1);
    picture.tasks[0].share = 2;
    EXPECT_EQ(chosen_row(picture, view), 0);
    EXPECT_EQ(chosen_pid(picture, view), 1);
    press(Name::home);
    picture.tasks[0].share = 0;
    EXPECT_EQ(chosen_pid(picture, view), 4711) << "whoever is first";
    press(Name::end);
    EXPECT_EQ(chosen_pid(picture, view), 4712);
    press(Name::page_up);
    EXPECT_EQ(chosen_pid(picture, view), 4711);
    press(Name::up);
    EXPECT_EQ(chosen_row(picture, view), 0);
    picture.tasks.clear();
    EXPECT_EQ(chosen_pid(picture, view), 0);
    EXPECT_EQ(press('k'), Wish::nothing);
    press(Name::down);
    press(Name::enter);
    EXPECT_EQ(view.mode, Mode::watch);
}

TEST_F(Pressed, TabGoesThroughTheLists) {
    press(Name::tab);
    EXPECT_EQ(view.focus, Pane::waits);
    EXPECT_EQ(chosen_pid(picture, view), 4712);
    press(Name::tab);
    press(Name::tab);
    EXPECT_EQ(view.focus, Pane::findings);
    press(Name::back_tab);
    EXPECT_EQ(view.focus, Pane::log);
    EXPECT_EQ(chosen_pid(picture, view), 0);
    press(Name::up);
    EXPECT_EQ(view.back, 1);
    press(Name::page_up);
    EXPECT_EQ(view.back, 1) << "no more than there are";
    press(Name::end);
    EXPECT_EQ(view.back, 0);
}

TEST_F(Pressed, KPlansAKillAndNothingButYCarriesItOut) {
    EXPECT_EQ(press('k'), Wish::plan);
    EXPECT_EQ(view.typed, "signal 4711 signal=KILL");
    for (const Key& no : {Key{Name::character, 'n'}, Key{Name::character, 'Y'}, Key{Name::enter},
                          Key{Name::escape}, Key{Name::character, ' '}}) {
        view.mode = Mode::plan;
        view.told.is_well = true;
        EXPECT_EQ(press(no), Wish::nothing);
        EXPECT_EQ(view.mode, Mode::watch);
    }
    view.mode = Mode::plan;
    EXPECT_EQ(press('y'), Wish::act);
    view.told.is_well = false;
    EXPECT_EQ(press('y'), Wish::nothing) << "what cannot be done is not done";
}

TEST_F(Pressed, AThreadThatIsBlockedIsKilledAsItsProcess) {
    picture.waits[0].pid = 4799;
    view.focus = Pane::waits;
    EXPECT_EQ(press('k'), Wish::plan);
    EXPECT_EQ(view.typed, "signal 4712 signal=KILL");
    EXPECT_EQ(chosen_task(picture, view)->process.data.pid, 4712);
}

TEST_F(Pressed, AListsRepairsAndTheirWordsAreCompleted) {
    view.repairs = {{"wake", "wakes", "wake %d", "not bound"},
                    {"signal", "gives a signal", "signal %d signal=", ""}};
    press('a');
    EXPECT_EQ(view.mode, Mode::repairs);
    press(Name::enter);
    EXPECT_EQ(view.mode, Mode::repairs) << "it is off";
    press(Name::down);
    press(Name::down);
    press(Name::enter);
    EXPECT_EQ(view.mode, Mode::words);
    type("TERM");
    EXPECT_EQ(view.typed, "signal 4711 signal=TERM");
    EXPECT_EQ(press(Name::enter), Wish::plan);
    view.mode = Mode::plan;
    view.told = {.verdict = "it is not said", .is_to_retype = true};
    press(' ');
    EXPECT_EQ(view.mode, Mode::words) << "wrong words are mended, not lost";
    press(Name::escape);
    EXPECT_EQ(view.mode, Mode::watch);
    view.typed = "   ";
    view.mode = Mode::words;
    EXPECT_EQ(press(Name::enter), Wish::nothing);
}

TEST_F(Pressed, EnterInspectsAndStaysWithThatProcess) {
    press(Name::enter);
    EXPECT_EQ(view.mode, Mode::inspect);
    picture.tasks[0].share = 2;
    EXPECT_EQ(chosen_task(picture, view)->process.data.pid, 4711);
    EXPECT_EQ(press('k'), Wish::plan);
    EXPECT_EQ(view.typed, "signal 4711 signal=KILL");
}

TEST_F(Pressed, QAndControlCLeave) {
    EXPECT_EQ(press('q'), Wish::quit);
    view.mode = Mode::filter;
    EXPECT_EQ(press('q'), Wish::nothing) << "a letter of the filter";
    EXPECT_EQ(press('\x03'), Wish::quit);
    view.mode = Mode::help;
    EXPECT_EQ(press('q'), Wish::nothing);
    EXPECT_EQ(view.mode, Mode::watch);
}

}  // namespace
}  // namespace defib::boot::console
