// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// End to end, on real kernels: a fault strikes, `defib run` with the policy that comes along finds
// it and repairs it, and the machine is well again: its heart beats, it can start a process and
// write a file, and nobody innocent has come to harm.
#include <gtest/gtest.h>

#include <unistd.h>

#include "engine/base/file.h"
#include "tests/faults/inject.h"
#include "tests/lab/under_test.h"
#include "tests/recover/defib_run.h"
#include "tests/recover/innocents.h"

namespace defib::recover {
namespace {

using lab::GuestUnderTest;
using lab::ok;
using std::chrono::milliseconds;

// TCG on a busy machine: what takes a second elsewhere takes ten here.
constexpr milliseconds START{60'000};
constexpr milliseconds REPAIR{120'000};
constexpr milliseconds END{30'000};

struct Case {
    const char* name;
    const char* kernel;
    const char* fault;
    const char* finding;  // how it begins, or one of several, parted by bars: a shortage has names
    const char* victim;   // how the processes that may be touched are called; empty: none may be
};

std::unique_ptr<DefibRun> guard(const GuestUnderTest& guest_under_test,
                                std::vector<std::string> more = {}) {
    auto& guest = const_cast<GuestUnderTest&>(guest_under_test);
    auto run = DefibRun::start(DEFIB_PROGRAM, guest->ram_file(), std::move(more));
    EXPECT_TRUE(ok(run));
    if (!run) return nullptr;
    EXPECT_TRUE((*run)->wait_for([](const Event& event) { return event.is("started"); }, START))
        << (*run)->to_text();
    return std::move(*run);
}

void expect_well(lab::Guest& guest, const std::vector<pid_t>& innocents) {
    EXPECT_TRUE(serves(guest, milliseconds(20'000)));
    EXPECT_EQ(count_lost(guest, innocents), 0U) << "innocent processes have ended";
}

// The lock of the fault is in an object of 32 bytes, behind a name of 24.
bool names_the_lock(const Event& event) {
    return event.text("symbol") == "kmalloc-32 object+0x18";
}

bool begins(const std::string& word, const std::string& with) {
    const size_t bar = with.find('|');
    if (bar == std::string::npos) return word.starts_with(with);
    return word.starts_with(with.substr(0, bar)) || begins(word, with.substr(bar + 1));
}

struct Recover : ::testing::TestWithParam<Case> {};

TEST_P(Recover, TheMachineIsWellAgain) {
    const Case& param = GetParam();
    const auto& fault = *faults::find(param.fault);
    GuestUnderTest guest(faults::guest_for(fault, param.kernel));
    ASSERT_TRUE(guest.is_up());
    const auto innocents = start_innocents(*guest);
    ASSERT_TRUE(ok(innocents));
    const auto run = guard(guest);
    ASSERT_TRUE(run);

    const auto injection = faults::inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    const bool is_over = run->wait_for(
        [&](const Event& event) {
            return event.is("over") && begins(event.text("fault"), param.finding) &&
                   event.json["values"][2] != 0;
        },
        REPAIR);
    EXPECT_TRUE(is_over) << run->to_text();
    expect_well(*guest, *innocents);
    if (std::string(param.finding) == "spinlock_leaked") {
        EXPECT_TRUE(run->wait_for(names_the_lock, END)) << run->to_text();
    }
    for (const Event& event : run->events()) {
        if (!event.is("victim")) continue;
        EXPECT_EQ(event.text("name").find(param.victim), 0U) << event.json.dump();
        EXPECT_NE(std::string(param.victim), "") << event.json.dump();
    }
    EXPECT_EQ(run->stop(END), 0) << run->to_text();
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Recover,
    ::testing::Values(
        Case{"out_of_memory_6_1", "6.1", "hog", "memory_", "v-hog"},
        Case{"out_of_memory_6_12", "6.12", "hog", "memory_", "v-hog"},
        Case{"deadlock_6_1", "6.1", "f1a", "spinlock_leaked", ""},
        Case{"deadlock_6_12", "6.12", "f1a", "spinlock_leaked", ""},
        Case{"fork_bomb_6_1", "6.1", "fork_bomb", "fork_bomb", "v-fork-bomb"},
        Case{"fork_bomb_6_12", "6.12", "fork_bomb", "fork_bomb", "v-fork-bomb"},
        Case{"swapped_to_death_6_1", "6.1", "hog_swap", "thrash|memory_", "v-hog"},
        Case{"pids_6_1", "6.1", "pid_exhaustion", "pids_low", "v-thread-bomb"},
        Case{"threads_6_12", "6.12", "thread_exhaustion", "threads_low", "v-thread-bomb"},
        Case{"cpu_hogs_6_1", "6.1", "rt_hogs_unlimited", "realtime_starvation", "v-spin-rt"},
        Case{"cpu_hogs_6_12", "6.12", "rt_hogs_unlimited", "realtime_starvation", "v-spin-rt"}),
    [](const auto& info) { return std::string(info.param.name); });

// --- what must not happen

struct OfTheKernels : ::testing::TestWithParam<const char*> {};

// Who leaks is ended, and not who has more memory, and has had it for long.
TEST_P(OfTheKernels, NobodyIsEndedForSomebodyElsesMemory) {
    const auto& fault = *faults::find("leak");
    GuestUnderTest guest(faults::guest_for(fault, GetParam()));
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(faults::prepare(*guest, fault)));
    const auto giant = guest->start({"victim", "hog", "260", "0"});
    ASSERT_TRUE(ok(giant));
    const auto has_it_all = [&] {
        const auto state = guest->state_of(*giant);
        return state && state->out.find("has it all") != std::string::npos;
    };
    ASSERT_TRUE(ok(guest->wait_for("the giant", has_it_all, START)));
    const auto run = guard(guest);
    ASSERT_TRUE(run);
    const auto injection = faults::inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    const auto has_ended = [&] {
        const auto state = guest->state_of(injection->programs.front());
        return state && state->status.has_value();
    };
    EXPECT_TRUE(ok(guest->wait_for("the leak's end", has_ended, REPAIR))) << run->to_text();
    expect_well(*guest, {*giant});
    EXPECT_EQ(run->stop(END), 0) << run->to_text();
    unsigned victims = 0;
    for (const Event& event : run->events()) {
        if (!event.is("victim")) continue;
        victims++;
        EXPECT_EQ(event.text("name"), "v-leak") << event.json.dump();
    }
    EXPECT_EQ(victims, 1U) << run->to_text();
}

// Once such a machine has booted again its log is gone.
TEST_P(OfTheKernels, TheLastWordsOfAPanicAreTold) {
    const auto& fault = *faults::find("panic");
    GuestUnderTest guest(faults::guest_for(fault, GetParam()));
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(faults::prepare(*guest, fault)));
    const auto run = guard(guest);
    ASSERT_TRUE(run);
    ASSERT_TRUE(ok(faults::inject(*guest, fault)));
    const auto is_cause = [](const Event& event) {
        return event.is("log") && event.json.contains("line") &&
               event.text("text").find("Kernel panic") != std::string::npos;
    };
    EXPECT_TRUE(run->wait_for(is_cause, REPAIR)) << run->to_text();
    EXPECT_EQ(run->stop(END), 0) << run->to_text();
}

constexpr const char* HOLDING = R"({
    "schema": 1, "mode": "act", "repairs_per_hour": 1,
    "protect": {"names": [], "cgroups": [], "pids": []},
    "detectors": [{"name": "memory", "thresholds": {
        "low_percent": 5, "swap_low_percent": 10, "left_ms": 8000, "pressure_least": 60, "kernel_percent": 60, "hold_ms": 0}}],
    "rules": [{
        "name": "hold who grows", "detector": "memory", "fault": "memory_falling", "mode": "act", "held_ms": 100,
        "victim": {"choose": "fastest", "least_weight": 2560, "least_growth": 256},
        "steps": [{"routine": "freeze", "deadline_ms": 5000, "grace_ms": 20000}],
        "finally": [{"routine": "thaw", "deadline_ms": 20000}],
        "cooldown_ms": 4000, "repairs_per_hour": 1}]})";

// Who was held for a while goes on afterwards.
TEST_P(OfTheKernels, WhatAPolicyDidForAWhileIsTakenBack) {
    const auto& fault = *faults::find("leak");
    GuestUnderTest guest(faults::guest_for(fault, GetParam()));
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(faults::prepare(*guest, fault)));
    const auto policy =
        std::filesystem::temp_directory_path() / ("defib-holding-" + std::to_string(getpid()));
    ASSERT_TRUE(ok(write_atomically(policy, HOLDING)));
    const auto run = guard(guest, {"--policy", policy.string()});
    std::filesystem::remove(policy);
    ASSERT_TRUE(run);
    const auto injection = faults::inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    // do_freezer_trap(), which is a part of get_signal() where the compiler made it one.
    const auto is_held = [&] {
        const auto path = "/proc/" + std::to_string(injection->programs.front()) + "/wchan";
        const auto said = guest->run({"cat", path});
        return said && (said->out == "do_freezer_trap" || said->out == "get_signal");
    };
    ASSERT_TRUE(run->wait_for([](const Event& event) { return event.is("effect"); }, REPAIR))
        << run->to_text();
    EXPECT_TRUE(is_held());
    EXPECT_TRUE(run->wait_for([](const Event& event) { return event.is("undone"); }, REPAIR))
        << run->to_text();
    EXPECT_FALSE(is_held());
    EXPECT_EQ(run->stop(END), 0) << run->to_text();
    EXPECT_TRUE(serves(*guest, milliseconds(20'000)));
}

INSTANTIATE_TEST_SUITE_P(Kernels, OfTheKernels, ::testing::Values("6.1", "6.12"),
                         [](const auto& info) {
                             return std::string(info.param) == "6.1" ? "linux_6_1" : "linux_6_12";
                         });

uint64_t digest_of(const std::filesystem::path& file) {
    const auto mapped = MappedFile::open(file);
    EXPECT_TRUE(ok(mapped));
    uint64_t digest = 14695981039346656037U;
    if (!mapped) return digest;
    for (const std::byte byte : mapped->bytes()) {
        digest = (digest ^ static_cast<uint64_t>(byte)) * 1099511628211U;
    }
    return digest;
}

TEST(DryRun, SaysWhatItWouldDoAndWritesNothing) {
    const auto& fault = *faults::find("rt_hogs_unlimited");
    GuestUnderTest guest(faults::guest_for(fault, "6.12"));
    ASSERT_TRUE(guest.is_up());
    const auto run = guard(guest, {"--dry-run"});
    ASSERT_TRUE(run);
    ASSERT_TRUE(ok(faults::inject(*guest, fault)));
    ASSERT_TRUE(run->wait_for([](const Event& event) { return event.is("would"); }, REPAIR))
        << run->to_text();
    // A machine that stands still shows each byte that somebody else writes.
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const uint64_t before = digest_of(guest->ram_file());
    EXPECT_EQ(run->stop(END), 0) << run->to_text();
    EXPECT_EQ(digest_of(guest->ram_file()), before);
    EXPECT_TRUE(ok(guest->qmp("cont")));
    for (const Event& event : run->events()) {
        EXPECT_FALSE(event.is("step") || event.is("stored")) << event.json.dump();
    }
}

TEST(TheTarget, IsGivenUpWhenItsKernelBootsAgain) {
    GuestUnderTest guest({.kernel = "6.12"});
    ASSERT_TRUE(guest.is_up());
    const auto run = guard(guest);
    ASSERT_TRUE(run);
    // The lab's machines end at a reset unless they are told otherwise.
    ASSERT_TRUE(ok(guest->qmp("set-action", {{"reboot", "reset"}})));
    ASSERT_TRUE(ok(guest->qmp("system_reset")));
    EXPECT_EQ(run->wait_for_end(REPAIR), 4) << run->to_text();
    EXPECT_NE(run->errors().find("another kernel runs in it"), std::string::npos) << run->errors();
    for (const Event& event : run->events()) EXPECT_FALSE(event.is("step")) << run->to_text();
}

TEST(TheTarget, IsGivenUpWhenTheMachineIsPoweredOff) {
    std::optional<GuestUnderTest> guest;
    guest.emplace(lab::GuestOptions{.kernel = "6.1"});
    ASSERT_TRUE(guest->is_up());
    const auto run = guard(*guest);
    ASSERT_TRUE(run);
    guest.reset();
    EXPECT_EQ(run->wait_for_end(END), 4) << run->to_text();
    EXPECT_NE(run->errors().find("powered off"), std::string::npos) << run->errors();
}

}  // namespace
}  // namespace defib::recover
