// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whatever ends a lab, nothing of it stays: no QEMU, no keeper, no RAM file.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "tests/lab/keeper.h"
#include "tests/lab/under_test.h"

namespace defib::lab {
namespace {

namespace fs = std::filesystem;

// The smallest guest there is.
const GuestOptions SMALL{.kernel = "6.1-cloud", .cpus = 1, .ram_megabytes = 256};

std::string lab_name(pid_t lab) {
    return "defib-lab-" + std::to_string(lab) + "-";
}

// The RAM files of that lab, and the processes that name one on their command line.
std::vector<std::string> traces_of(pid_t lab) {
    std::vector<std::string> traces;
    for (const auto& entry : fs::directory_iterator("/dev/shm")) {
        if (entry.path().string().contains(lab_name(lab))) traces.push_back(entry.path());
    }
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        const std::string line((std::istreambuf_iterator<char>(file)), {});
        if (line.contains(lab_name(lab))) traces.push_back(entry.path());
    }
    return traces;
}

bool comes_true(const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    while (!holds()) {
        if (Clock::now() > deadline) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

// A process that boots a guest and then waits for its end.
pid_t start_lab() {
    const pid_t lab = ::fork();
    if (lab != 0) return lab;
    if (const auto guest = Guest::boot(SMALL)) ::pause();
    ::_exit(1);
}

pid_t parent_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; file >> word;) {
        if (word == "PPid:" && file >> word) return std::stoi(word);
    }
    return -1;
}

TEST(Cleanup, TwentyBootsLeaveNothing) {
    for (int i = 0; i < 20; ++i) {
        auto guest = Guest::boot(SMALL);
        ASSERT_TRUE(ok(guest)) << "boot " << i;
        EXPECT_EQ(traces_of(::getpid()).size(), 2U) << "QEMU and its file, and none of before";
    }
    EXPECT_EQ(traces_of(::getpid()), std::vector<std::string>());
}

TEST(Cleanup, ALabKilledAtAnyMomentLeavesNothing) {
    // From before there is a file to after the guest is up.
    for (const int after_ms : {0, 1, 2, 3, 5, 8, 12, 20, 40, 100, 500, 1500, 3000, 5000}) {
        const pid_t lab = start_lab();
        ::poll(nullptr, 0, after_ms);
        ASSERT_EQ(::kill(lab, SIGKILL), 0);
        ASSERT_EQ(::waitpid(lab, nullptr, 0), lab);
        EXPECT_TRUE(comes_true([lab] { return traces_of(lab).empty(); }))
            << "killed after " << after_ms << " ms: " << traces_of(lab).front();
    }
}

TEST(Cleanup, AKilledKeeperTakesItsGuestAlongAndTheNextOneRemovesTheFile) {
    auto guest = Guest::boot(SMALL);
    ASSERT_TRUE(ok(guest));
    const pid_t keeper = parent_of(guest->qemu());
    ASSERT_GT(keeper, 1);
    ASSERT_NE(keeper, ::getpid());
    ASSERT_EQ(::kill(keeper, SIGKILL), 0);
    // The file alone is left.
    EXPECT_TRUE(comes_true([] { return traces_of(::getpid()).size() == 1; }));
    EXPECT_FALSE(guest->run({"true"}, Milliseconds(300)));
    remove_orphans();
    EXPECT_EQ(traces_of(::getpid()), std::vector<std::string>());
}

TEST(Cleanup, AMachineThatEndsByItselfLeavesNothingEither) {
    auto guest = Guest::boot(SMALL);
    ASSERT_TRUE(ok(guest));
    ASSERT_TRUE(ok(guest->start({"poweroff", "-f"})));
    EXPECT_TRUE(comes_true([] { return traces_of(::getpid()).empty(); }));
    EXPECT_FALSE(guest->run({"true"}, Milliseconds(300)));
    EXPECT_FALSE(guest->qmp("query-status", nlohmann::json::object(), Milliseconds(300)));
}

}  // namespace
}  // namespace defib::lab
