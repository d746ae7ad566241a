// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The host's side of a GPU, without one: `--backend cuda` over a driver that runs the twin's loop
// on a thread. What the commands show is what they show with `--backend cpu`, on a guest that
// stands still; and where something is wrong, one line says what to do.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "tests/lab/guest.h"
#include "tests/lab/host_program.h"
#include "tests/recover/defib_run.h"

namespace defib {
namespace {

using lab::Guest;

struct GpuHost : ::testing::Test {
    static void SetUpTestSuite() {
        auto booted = Guest::boot({.kernel = "6.1"});
        ASSERT_TRUE(booted) << to_line(booted.error());
        guest = std::make_unique<Guest>(std::move(*booted));
        ASSERT_TRUE(guest->qmp("stop"));
        setenv("LD_LIBRARY_PATH", DEFIB_FAKE_DRIVER, 1);
    }
    static void TearDownTestSuite() {
        guest.reset();
        unsetenv("LD_LIBRARY_PATH");
    }
    void TearDown() override { unsetenv("DEFIB_FAKE_GPU"); }

    static Result<std::string> defib(std::vector<std::string> arguments, const char* backend) {
        arguments.insert(arguments.begin(), DEFIB_PROGRAM);
        arguments.insert(arguments.end(), {"--json", "--target", "vm:" + guest->ram_file().string(),
                                           "--backend", backend});
        return lab::run_host_program(arguments);
    }

    static void expect_the_same(const std::vector<std::string>& arguments) {
        const auto there = defib(arguments, "cuda");
        const auto here = defib(arguments, "cpu");
        ASSERT_TRUE(there) << to_line(there.error());
        ASSERT_TRUE(here) << to_line(here.error());
        EXPECT_EQ(*there, *here);
        EXPECT_GT(here->size(), 200U);
    }

    static std::string error_of_ps() {
        const auto seen = defib({"ps"}, "cuda");
        return seen ? "" : seen.error().detail;
    }

    static inline std::unique_ptr<Guest> guest;
};

TEST_F(GpuHost, ShowsWhatTheTwinShows) {
    for (const char* command : {"ps", "stat", "log", "locks"}) expect_the_same({command});
    expect_the_same({"ps", "--threads"});
}

TEST_F(GpuHost, PinsWritableMemoryWhereTheDriverCannotPinOther) {
    setenv("DEFIB_FAKE_GPU", "reads-only-writable", 1);
    expect_the_same({"ps"});
}

TEST_F(GpuHost, RefusesACardThatADisplayHasAClockOn) {
    setenv("DEFIB_FAKE_GPU", "displays", 1);
    EXPECT_NE(error_of_ps().find("move the display"), std::string::npos) << error_of_ps();
}

TEST_F(GpuHost, SaysThatTheLoopHasDied) {
    setenv("DEFIB_FAKE_GPU", "dies", 1);
    EXPECT_NE(error_of_ps().find("CUDA_ERROR_LAUNCH_FAILED"), std::string::npos) << error_of_ps();
}

std::unique_ptr<recover::DefibRun> guard(const Guest& guest) {
    auto run = recover::DefibRun::start(DEFIB_PROGRAM, guest.ram_file(), {"--backend", "cuda"});
    EXPECT_TRUE(run) << to_line(run.error());
    return run ? std::move(*run) : nullptr;
}

TEST_F(GpuHost, GuardsWithThePolicyAndSaysWhatItCost) {
    const auto run = guard(*guest);
    ASSERT_TRUE(run);
    ASSERT_TRUE(run->wait_for([](const auto& event) { return event.is("started"); },
                              std::chrono::minutes(1)))
        << run->to_text();
    EXPECT_EQ(run->stop(std::chrono::minutes(1)), 0) << run->to_text();
    const auto events = run->events();
    EXPECT_TRUE(events.front().is("started")) << run->to_text();
    ASSERT_TRUE(events.back().is("summary")) << run->to_text();
    EXPECT_GE(events.back().json["engine"]["detectors"].size(), 13U) << run->to_text();
    EXPECT_GT(events.back().json["engine"]["detectors"][0]["reads"], 0) << run->to_text();
}

TEST_F(GpuHost, StartsALoopThatDiesAgainAFewTimesAndKeepsTheJournal) {
    setenv("DEFIB_FAKE_GPU", "dies-guarding", 1);
    const auto run = guard(*guest);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->wait_for_end(std::chrono::minutes(1)), 4) << run->to_text();
    int starts = 0;
    int restarts = 0;
    uint64_t last = 0;
    for (const auto& event : run->events()) {
        starts += event.is("started") ? 1 : 0;
        if (event.is("restarted")) {
            restarts++;
            EXPECT_TRUE(event.json["text"].get<std::string>().contains("only observes"));
        }
        if (!event.json.contains("sequence")) continue;
        if (last != 0) EXPECT_EQ(event.number("sequence"), last + 1);
        last = event.number("sequence");
    }
    EXPECT_EQ(restarts, 3) << run->to_text();
    EXPECT_EQ(starts, 4) << run->to_text();
    EXPECT_NE(run->errors().find("CUDA_ERROR_LAUNCH_FAILED"), std::string::npos) << run->errors();
}

TEST_F(GpuHost, SaysWhatGuardingCosts) {
    for (const char* backend : {"cuda", "cpu"}) {
        const auto said = defib({"stat", "--engine", "--for", "1"}, backend);
        ASSERT_TRUE(said) << to_line(said.error());
        const auto json = nlohmann::json::parse(*said, nullptr, false);
        ASSERT_TRUE(json.is_object()) << *said;
        EXPECT_GE(json["detectors"].size(), 13U) << *said;
        for (const auto& detector : json["detectors"]) EXPECT_GT(detector["count"], 0) << detector;
    }
}

TEST_F(GpuHost, SaysWhereThereIsNoDriver) {
    setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
    const std::string error = error_of_ps();
    setenv("LD_LIBRARY_PATH", DEFIB_FAKE_DRIVER, 1);
    if (error.empty()) GTEST_SKIP() << "this machine has a GPU";
    EXPECT_NE(error.find("--backend cpu"), std::string::npos) << error;
}

}  // namespace
}  // namespace defib
