// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib console --to` as a person uses it: of a guest that another process guards, that lives,
// that is dead; and of a guard that does not answer.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/console/tmux.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/under_test.h"
#include "tests/recover/defib_run.h"

namespace defib::console {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;
using recover::DefibRun;
using recover::Event;

// Gone with the test.
struct File {
    std::string name;
    ~File() {
        std::error_code none;
        std::filesystem::remove(name, none);
    }
};

std::string key_file() {
    const std::string file = "/tmp/defib-console-key-" + std::to_string(getpid());
    std::ofstream(file) << std::string(32, 'k');
    chmod(file.c_str(), 0600);
    return file;
}

std::unique_ptr<DefibRun> serve(Guest& guest, std::vector<std::string> more) {
    auto run = DefibRun::start(DEFIB_PROGRAM, guest.ram_file(), std::move(more));
    EXPECT_TRUE(ok(run));
    if (!run) return nullptr;
    EXPECT_TRUE(
        (*run)->wait_for([](const Event& event) { return event.is("started"); }, Guest::PATIENCE))
        << (*run)->to_text();
    return std::move(*run);
}

std::string console_to(const std::string& where, const std::string& more = "") {
    return "TERM=screen '" DEFIB_PROGRAM "' console --to " + where + more;
}

bool runs(Guest& guest, pid_t pid) {
    const auto state = guest.state_of(pid);
    return state && !state->status.has_value();
}

TEST(RemoteConsole, ShowsActsWithTheKeyAndCanAlwaysBeLeft) {
    const std::string where = "127.0.0.1:" + std::to_string(20000 + getpid() % 20000);
    const File key{key_file()};
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    const auto asleep = guest->start({"sleep", "100000"});
    ASSERT_TRUE(ok(asleep));
    const auto run = serve(*guest, {"--serve", where, "--serve-key", key.name});
    ASSERT_TRUE(run);
    const std::string row = "  " + std::to_string(*asleep) + " S ";
    const std::string plan = "signal " + std::to_string(*asleep) + " sleep, the plan";

    Tmux looks(console_to(where), 80, 24);
    ASSERT_TRUE(looks.shows("live", Guest::PATIENCE)) << looks.screen();
    EXPECT_TRUE(looks.shows(where, Guest::PATIENCE)) << looks.screen();
    EXPECT_TRUE(looks.shows("the engine runs", Guest::PATIENCE)) << looks.screen();
    looks.type("/slee");
    looks.press("Enter");
    ASSERT_TRUE(looks.shows(row, Guest::PATIENCE)) << looks.screen();
    looks.press("k");
    EXPECT_TRUE(looks.shows("the operator's key", Guest::PATIENCE)) << looks.screen();
    looks.press("q");
    looks.press("q");
    EXPECT_TRUE(looks.shows("ended with 0", Guest::PATIENCE)) << looks.screen();

    Tmux acts(console_to(where, " --key " + key.name), 80, 24);
    ASSERT_TRUE(acts.shows("live", Guest::PATIENCE)) << acts.screen();
    acts.type("/slee");
    acts.press("Enter");
    ASSERT_TRUE(acts.shows(row, Guest::PATIENCE)) << acts.screen();
    acts.press("k");
    ASSERT_TRUE(acts.shows(plan, Guest::PATIENCE)) << acts.screen();
    ASSERT_TRUE(acts.shows("y carry it out", Guest::PATIENCE)) << acts.screen();
    acts.press("n");
    ASSERT_TRUE(acts.shows("q quit", Guest::PATIENCE));
    EXPECT_TRUE(runs(*guest, *asleep)) << "a plan is no repair";
    acts.press("k");
    ASSERT_TRUE(acts.shows("y carry it out", Guest::PATIENCE)) << acts.screen();
    acts.press("y");
    ASSERT_TRUE(acts.shows("done: the effect is there", Guest::PATIENCE)) << acts.screen();
    const auto ended = guest->wait_for_exit(*asleep);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + 9);
    acts.press("Escape");

    // A guard that does not answer is shown, and is no reason to stay.
    kill(run->pid(), SIGSTOP);
    EXPECT_TRUE(acts.shows("no answer for", Guest::PATIENCE)) << acts.screen();
    Tmux other(console_to(where, " --deadline 1000"), 80, 24);
    EXPECT_TRUE(other.shows("ended with 4", Guest::PATIENCE)) << other.screen();
    kill(run->pid(), SIGCONT);
    EXPECT_TRUE(acts.shows("live", Guest::PATIENCE)) << acts.screen();
    kill(run->pid(), SIGSTOP);
    EXPECT_TRUE(acts.shows("no answer for", Guest::PATIENCE)) << acts.screen();
    acts.press("q");
    EXPECT_TRUE(acts.shows("ended with 0", Guest::PATIENCE)) << acts.screen();
    kill(run->pid(), SIGCONT);

    Tmux last(console_to(where), 80, 24);
    ASSERT_TRUE(last.shows("live", Guest::PATIENCE)) << last.screen();
    EXPECT_EQ(run->stop(Guest::PATIENCE), 0) << run->to_text();
    EXPECT_TRUE(last.shows("no answer for", Guest::PATIENCE)) << last.screen();
    EXPECT_TRUE(last.shows(where + ": ", Guest::PATIENCE)) << last.screen();
    last.press("q");
    EXPECT_TRUE(last.shows("ended with 0", Guest::PATIENCE)) << last.screen();
}

TEST(RemoteConsole, ShowsAGuestWhoseCpusAllSpinAndWhatTheGuardFound) {
    const faults::Fault* fault = faults::find("f1a");
    ASSERT_NE(fault, nullptr);
    const std::string file = "/dev/shm/defib-remote-console-" + std::to_string(getpid());
    const File mailbox{file};
    GuestUnderTest guest(faults::guest_for(*fault, "6.1"));
    ASSERT_TRUE(guest.is_up());
    const auto run = serve(*guest, {"--dry-run", "--serve", "shm:" + file});
    ASSERT_TRUE(run);
    Tmux tmux(console_to("shm:" + file), 120, 40);
    ASSERT_TRUE(tmux.shows("live", Guest::PATIENCE)) << tmux.screen();
    const auto injection = faults::inject(*guest, *fault);
    ASSERT_TRUE(ok(injection));
    ASSERT_TRUE(ok(faults::wait_for_symptom(*guest, *injection)));
    EXPECT_TRUE(tmux.shows("FOUND", Guest::PATIENCE)) << tmux.screen();
    EXPECT_TRUE(tmux.shows("SPINS", Guest::PATIENCE)) << tmux.screen();
    tmux.type("/kthreadd");
    tmux.press("Enter");
    EXPECT_TRUE(tmux.shows("Processes 1, by CPU", Guest::PATIENCE)) << tmux.screen();
    tmux.press("Tab");
    tmux.press("Tab");
    tmux.press("Escape");
    tmux.type("/soft lockup");
    tmux.press("Enter");
    EXPECT_TRUE(tmux.shows("soft lockup - CPU#", Guest::PATIENCE)) << tmux.screen();
    tmux.press("q");
    EXPECT_TRUE(tmux.shows("ended with 0", Guest::PATIENCE)) << tmux.screen();
    EXPECT_EQ(run->stop(Guest::PATIENCE), 0) << run->to_text();
}

}  // namespace
}  // namespace defib::console
