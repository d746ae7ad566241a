// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib console` as a person uses it: on a terminal, beside a guest that lives, and beside one
// whose CPUs all spin.
#include <gtest/gtest.h>

#include <regex>

#include "tests/console/tmux.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

namespace defib::console {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

std::string console_of(Guest& guest, const std::string& more = "") {
    return "TERM=screen '" DEFIB_PROGRAM "' console --target vm:" + guest.ram_file().string() +
           more;
}

// In how many rows it stands.
size_t rows_with(const std::string& screen, const std::string& pattern) {
    const std::regex wanted(pattern);
    return static_cast<size_t>(std::distance(
        std::sregex_iterator(screen.begin(), screen.end(), wanted), std::sregex_iterator()));
}

bool runs(Guest& guest, pid_t pid) {
    const auto state = guest.state_of(pid);
    return state && !state->status.has_value();
}

TEST(Console, ShowsFiltersInspectsAndKillsWhoIsMeant) {
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(faults::bring_victim(*guest)));
    const auto asleep = guest->start({"sleep", "100000"});
    const auto busy = guest->start({"/bin/victim", "spin", "1"});
    ASSERT_TRUE(ok(asleep));
    ASSERT_TRUE(ok(busy));
    Tmux tmux(console_of(*guest), 80, 24);
    const auto row_of_sleep = "  " + std::to_string(*asleep) + " S ";
    ASSERT_TRUE(tmux.shows("v-spin", Guest::PATIENCE)) << tmux.screen();
    EXPECT_TRUE(tmux.shows("live", Guest::PATIENCE)) << tmux.screen();
    EXPECT_TRUE(tmux.shows("Kernel log", Guest::PATIENCE));
    EXPECT_TRUE(tmux.shows("Blocked", Guest::PATIENCE));

    tmux.type("/slee");
    EXPECT_TRUE(tmux.shows("only \"slee\"", Guest::PATIENCE)) << tmux.screen();
    tmux.press("Enter");
    EXPECT_TRUE(tmux.wait_for(
        [&](const std::string& seen) {
            return seen.contains(row_of_sleep) && !seen.contains(" R ") && seen.contains("q quit");
        },
        Guest::PATIENCE))
        << tmux.screen();

    tmux.press("Enter");
    EXPECT_TRUE(tmux.shows(" " + std::to_string(*asleep) + " sleep ", Guest::PATIENCE));
    EXPECT_TRUE(tmux.shows("started     ", Guest::PATIENCE)) << tmux.screen();

    // The plan is shown, and a key that is not y leaves the target as it is.
    tmux.press("k");
    const std::string plan = "signal " + std::to_string(*asleep) + " sleep, the plan";
    ASSERT_TRUE(tmux.shows(plan, Guest::PATIENCE)) << tmux.screen();
    EXPECT_TRUE(tmux.shows("y carry it out", Guest::PATIENCE)) << tmux.screen();
    EXPECT_GE(rows_with(tmux.screen(), "0x[0-9a-f]+, [0-9]+ bytes: 0x[0-9a-f]+ -> 0x"), 2U);
    tmux.press("n");
    ASSERT_TRUE(tmux.shows("q quit", Guest::PATIENCE));
    EXPECT_TRUE(runs(*guest, *asleep));

    tmux.press("k");
    ASSERT_TRUE(tmux.shows("y carry it out", Guest::PATIENCE)) << tmux.screen();
    tmux.press("y");
    ASSERT_TRUE(tmux.shows("done: the effect is there", Guest::PATIENCE)) << tmux.screen();
    const auto ended = guest->wait_for_exit(*asleep);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + 9);
    tmux.press("Escape");
    EXPECT_TRUE(tmux.wait_for([&](const std::string& seen) { return !seen.contains(row_of_sleep); },
                              Guest::PATIENCE))
        << tmux.screen();
    EXPECT_TRUE(runs(*guest, *busy)) << "nobody else";
    tmux.press("q");
    EXPECT_TRUE(tmux.shows("ended with 0", Guest::PATIENCE)) << tmux.screen();
}

TEST(Console, FollowsItsTerminalsSizeAndEndsInOrder) {
    GuestUnderTest guest({.kernel = "6.1"});
    ASSERT_TRUE(guest.is_up());
    Tmux tmux("NO_COLOR=1 " + console_of(*guest), 80, 24);
    ASSERT_TRUE(tmux.shows("q quit", Guest::PATIENCE)) << tmux.screen();
    tmux.resize(120, 40);
    EXPECT_TRUE(tmux.shows("r reverse", Guest::PATIENCE)) << tmux.screen();
    tmux.resize(20, 4);
    EXPECT_TRUE(tmux.shows("too small", Guest::PATIENCE)) << tmux.screen();
    tmux.resize(40, 10);
    EXPECT_TRUE(tmux.shows("Processes", Guest::PATIENCE)) << tmux.screen();
    tmux.press("C-c");
    EXPECT_TRUE(tmux.shows("ended with 0", Guest::PATIENCE)) << tmux.screen();
}

TEST(Console, ShowsAGuestWhoseCpusAllSpinAndWhatWasFound) {
    const faults::Fault* fault = faults::find("f1a");
    ASSERT_NE(fault, nullptr);
    GuestUnderTest guest(faults::guest_for(*fault, "6.12"));
    ASSERT_TRUE(guest.is_up());
    Tmux tmux(console_of(*guest), 120, 40);
    ASSERT_TRUE(tmux.shows("q quit", Guest::PATIENCE)) << tmux.screen();
    const auto injection = faults::inject(*guest, *fault);
    ASSERT_TRUE(ok(injection));
    ASSERT_TRUE(ok(faults::wait_for_symptom(*guest, *injection)));
    EXPECT_TRUE(tmux.shows("FOUND", Guest::PATIENCE)) << tmux.screen();
    EXPECT_TRUE(tmux.shows("SPINS", Guest::PATIENCE)) << tmux.screen();
    tmux.type("/kthreadd");
    tmux.press("Enter");
    EXPECT_TRUE(tmux.shows("Processes 1, by CPU", Guest::PATIENCE)) << tmux.screen();
    // What the kernel said is behind a page of registers by now.
    tmux.press("Tab");
    tmux.press("Tab");
    tmux.press("Escape");
    tmux.type("/soft lockup");
    tmux.press("Enter");
    EXPECT_TRUE(tmux.shows("soft lockup - CPU#", Guest::PATIENCE)) << tmux.screen();
    tmux.press("q");
    EXPECT_TRUE(tmux.shows("ended with 0", Guest::PATIENCE)) << tmux.screen();

    // The same guest as a file that nobody runs; what stands in it can be seen, not changed.
    Tmux dump("'" DEFIB_PROGRAM "' console --target core:" + guest->ram_file().string(), 80, 24);
    EXPECT_TRUE(dump.shows("a dump", Guest::PATIENCE)) << dump.screen();
    dump.press("k");
    EXPECT_TRUE(dump.shows("any key go back", Guest::PATIENCE)) << dump.screen();
}

}  // namespace
}  // namespace defib::console
