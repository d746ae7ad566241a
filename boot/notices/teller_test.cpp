// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Real programs, of the shell's: one that listens, and those that do not.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "boot/metrics/post.h"
#include "boot/notices/teller.h"
#include "engine/abi/finding.h"

namespace defib::boot {
namespace {

using metrics::Told;

struct Notices : testing::Test {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("defib-notices-" + std::to_string(getpid()));
    std::unique_ptr<metrics::Post> post = std::move(*metrics::Post::unserved());

    void SetUp() override { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string program(const std::string& body) const {
        const std::string path = folder / "program";
        std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
        chmod(path.c_str(), 0755);
        return path;
    }
    uint64_t counted(Told what) const {
        return post->vitals().told[static_cast<size_t>(what)].load();
    }
    std::string told() const {
        std::ostringstream text;
        text << std::ifstream(folder / "told").rdbuf();
        return text.str();
    }
};

DefibJournalEntry entry(uint32_t kind, uint32_t fault) {
    DefibJournalEntry made{};
    made.kind = kind;
    made.subject = fault;
    made.case_number = 5;
    return made;
}

void rest() {
    constexpr timespec MOMENT = {0, 10'000'000};
    nanosleep(&MOMENT, nullptr);
}

// The slots' file, say: whoever installs an image while a machine is guarded needs its lock.
TEST_F(Notices, TheProcessThatTellsKeepsNoFileOfItsGuards) {
    const std::string path = folder / "slots";
    UniqueFd slots(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(flock(slots.get(), LOCK_EX | LOCK_NB), 0);
    auto teller = Teller::start(program("cat >/dev/null"), post->vitals());
    ASSERT_TRUE(teller.has_value()) << to_line(teller.error());
    (*teller)->tell(*notice_of(entry(DEFIB_JOURNAL_OPENED, DEFIB_FAULT_PANIC), 0, ""));
    while (counted(Told::told) + counted(Told::failed) < 1) rest();
    slots.reset();
    const UniqueFd again(open(path.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(flock(again.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(Notices, AFindingAndItsEndReachTheProgramInOrder) {
    auto teller = Teller::start(program("cat >>" + (folder / "told").string()), post->vitals());
    ASSERT_TRUE(teller.has_value()) << to_line(teller.error());
    (*teller)->introduce("vm:\xff", "6.12");
    constexpr uint64_t WALL_NS = 1'750'000'000'123'000'000;
    EXPECT_FALSE(notice_of(entry(DEFIB_JOURNAL_STORED, 1), 0, ""));
    (*teller)->tell(*notice_of(entry(DEFIB_JOURNAL_OPENED, DEFIB_FAULT_PANIC), WALL_NS, "a rule"));
    (*teller)->tell(*notice_of(entry(DEFIB_JOURNAL_CLOSED, DEFIB_FAULT_PANIC), WALL_NS, ""));
    while (counted(Told::told) + counted(Told::failed) < 2) rest();
    std::istringstream lines(told());
    std::string found;
    std::string over;
    std::getline(lines, found);
    std::getline(lines, over);
    EXPECT_EQ(nlohmann::json::parse(found), nlohmann::json({{"event", "found"},
                                                            {"fault", "panic"},
                                                            {"text", "the kernel has panicked"},
                                                            {"rule", "a rule"},
                                                            {"lasts_ms", 0},
                                                            {"case", 5},
                                                            {"target", "vm:\\xff"},
                                                            {"kernel", "6.12"},
                                                            {"time", "2025-06-15T15:06:40.123Z"}}));
    EXPECT_EQ(nlohmann::json::parse(over)["event"], "over");
}

TEST_F(Notices, AFindingWaitsForItsEvidence) {
    Announcer announcer;
    std::vector<std::string> said;
    const auto take = [&](DefibJournalEntry one) {
        announcer.take(one, 0, "a rule",
                       [&](const Notice& notice) { said.push_back(json_of(notice)); });
    };
    auto opened = entry(DEFIB_JOURNAL_OPENED, DEFIB_FAULT_CPU_STUCK);
    opened.time_ns = 2'500'000'000;
    opened.values[2] = 2'000'000'000;
    auto first = entry(DEFIB_JOURNAL_EVIDENCE, 0);
    first.values[0] = 1;
    first.values[1] = 4012;
    auto second = entry(DEFIB_JOURNAL_EVIDENCE, 4);
    second.values[0] = 2;
    take(opened);
    take(first);
    EXPECT_TRUE(said.empty());
    take(second);
    ASSERT_EQ(said.size(), 1U);
    const auto json = nlohmann::json::parse(said[0]);
    EXPECT_EQ(json["evidence"]["lasts_ms"], 4012);
    EXPECT_EQ(json["evidence"]["preempt_count"], 2);
    EXPECT_EQ(json["lasts_ms"], 500);
    EXPECT_TRUE(json["shown_by"].get<std::string>().starts_with("CPU 1, for 4.0 s"));
    // Where the rest of it was lost, it is told without.
    take(opened);
    take(first);
    take(entry(DEFIB_JOURNAL_CLOSED, DEFIB_FAULT_CPU_STUCK));
    ASSERT_EQ(said.size(), 3U);
    EXPECT_FALSE(nlohmann::json::parse(said[1]).contains("evidence"));
    EXPECT_EQ(nlohmann::json::parse(said[2])["event"], "over");
}

TEST_F(Notices, TheGuardNeverWaitsForAProgramThatDoesNotEnd) {
    auto teller = Teller::start(program("sleep 1000"), post->vitals());
    ASSERT_TRUE(teller.has_value());
    const Notice notice = *notice_of(entry(DEFIB_JOURNAL_OPENED, 1), 0, "");
    // More than a pipe holds.
    constexpr int MANY = 2000;
    for (int i = 0; i < MANY; i++) (*teller)->tell(notice);
    EXPECT_GT(counted(Told::left_out), 0U);
    EXPECT_LT(counted(Told::left_out), uint64_t{MANY});
}

// A process is gone once whoever takes over orphans has collected it.
bool has_ended(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string letter = "gone";
    status >> number >> name >> letter;
    return letter == "gone" || letter == "Z";
}

pid_t pid_in(const std::string& file) {
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    return pid;
}

TEST_F(Notices, WhatAProgramHasStartedEndsWithTheGuard) {
    const std::string file = (folder / "pid").string();
    auto teller =
        Teller::start(program("sleep 1000 & echo $! >" + file + "; wait"), post->vitals());
    ASSERT_TRUE(teller.has_value());
    (*teller)->tell(*notice_of(entry(DEFIB_JOURNAL_OPENED, 1), 0, ""));
    while (pid_in(file) == 0) rest();
    const pid_t child = pid_in(file);
    EXPECT_FALSE(has_ended(child));
    teller->reset();
    while (!has_ended(child)) rest();
}

TEST_F(Notices, WhatAProgramComesToIsKnown) {
    constexpr uint64_t AMPLE_MS = 60000;
    EXPECT_EQ(run_told(program("exit 0"), "{}", AMPLE_MS), Told::told);
    EXPECT_EQ(run_told(program("exit 3"), "{}", AMPLE_MS), Told::failed);
    EXPECT_EQ(run_told((folder / "none").string(), "{}", AMPLE_MS), Told::failed);
    // Its child would go on without it.
    const std::string file = (folder / "pid").string();
    EXPECT_EQ(run_told(program("sleep 1000 & echo $! >" + file + "; wait"), "{}", 1000),
              Told::too_slow);
    const pid_t child = pid_in(file);
    ASSERT_GT(child, 0);
    while (!has_ended(child)) rest();
}

TEST_F(Notices, AProgramThatCannotBeRunIsSaidAtTheStart) {
    const auto missing = Teller::start("/no/such", post->vitals());
    ASSERT_FALSE(missing.has_value());
    EXPECT_TRUE(to_line(missing.error()).contains("/no/such"));
    const auto relative = Teller::start("true", post->vitals());
    ASSERT_FALSE(relative.has_value());
    EXPECT_EQ(exit_status(relative.error().code), DEFIB_EXIT_USAGE);
}

}  // namespace
}  // namespace defib::boot
