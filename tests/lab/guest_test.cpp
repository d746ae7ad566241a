// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <future>

#include "engine/base/file.h"
#include "tests/lab/modules.h"
#include "tests/lab/under_test.h"

namespace defib::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EveryKernel : public ::testing::TestWithParam<std::string_view> {};

TEST_P(EveryKernel, BootsAndAnswers) {
    GuestUnderTest guest({.kernel = std::string(GetParam())});
    ASSERT_TRUE(guest.is_up());
    auto seen = guest->run({"uname", "-r"});
    ASSERT_TRUE(ok(seen));
    EXPECT_EQ(seen->out, guest->kernel().release + "\n");
    EXPECT_TRUE(guest->alive(Milliseconds(10'000)));
    EXPECT_TRUE(guest->alive(Milliseconds(10'000), Lane::REALTIME));
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryKernel, ::testing::ValuesIn(kernel_names()));

TEST(Agent, RunsProcessesAndSaysHowTheyEnded) {
    GuestUnderTest guest({});
    ASSERT_TRUE(guest.is_up());

    auto failed = guest->run({"sh", "-c", "echo out; echo err >&2; exit 3"});
    ASSERT_TRUE(ok(failed));
    EXPECT_EQ(failed->status, 3);
    EXPECT_EQ(failed->out, "out\n");
    EXPECT_EQ(failed->err, "err\n");

    std::string much;
    for (int i = 0; much.size() < (3U << 20); ++i) much += std::to_string(i) + "\n";
    auto echoed = guest->run({"cat"}, Guest::PATIENCE, much);
    ASSERT_TRUE(ok(echoed));
    EXPECT_TRUE(echoed->out == much);

    auto missing = guest->run({"no-such-program"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, DEFIB_ERROR_LAB_REFUSED);

    auto pid = guest->start({"sleep", "1000"});
    ASSERT_TRUE(ok(pid));
    EXPECT_FALSE(guest->state_of(*pid)->status.has_value());
    EXPECT_TRUE(ok(guest->signal(*pid, SIGTERM)));
    auto ended = guest->wait_for_exit(*pid);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + SIGTERM);
    EXPECT_FALSE(guest->signal(*pid, 0));

    // A process that never ends costs its caller the deadline, and the next one nothing.
    auto endless = guest->run({"sleep", "1000"}, Milliseconds(300));
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().code, DEFIB_ERROR_LAB_NO_ANSWER);
    EXPECT_TRUE(ok(guest->run({"true"})));

    // What it starts is as ordinary as the agent is not: OOM score, priority, locked memory.
    auto status = guest->run({"sh", "-c", "cat /proc/$$/oom_score_adj /proc/$$/stat"});
    ASSERT_TRUE(ok(status));
    EXPECT_TRUE(status->out.starts_with("0\n")) << status->out;
    auto priority = guest->run({"sh", "-c", "cut -d' ' -f18,19,41 /proc/$$/stat"});
    ASSERT_TRUE(ok(priority));
    EXPECT_EQ(priority->out, "20 0 0\n");
}

TEST(Agent, CarriesFilesAndModules) {
    GuestUnderTest guest({});
    ASSERT_TRUE(guest.is_up());
    EXPECT_TRUE(ok(guest->write_file("/proc/sys/kernel/panic", "7")));
    auto value = guest->read_file("/proc/sys/kernel/panic");
    ASSERT_TRUE(ok(value));
    EXPECT_EQ(*value, "7\n");
    auto refused = guest->write_file("/proc/sys/kernel/panic", "nonsense");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, DEFIB_ERROR_LAB_REFUSED);
    EXPECT_FALSE(guest->read_file("/no/such/file"));

    auto modules = collect_modules(guest->kernel().modules(), {"dummy"});
    ASSERT_TRUE(ok(modules));
    const auto file = std::filesystem::temp_directory_path() /
                      ("defib-dummy-" + std::to_string(guest->qemu()) + ".ko");
    ASSERT_TRUE(ok(write_atomically(file, modules->back().content)));
    EXPECT_TRUE(ok(guest->load_module(file, "numdummies=3")));
    std::filesystem::remove(file);
    auto made = guest->read_file("/proc/net/dev");
    ASSERT_TRUE(ok(made));
    EXPECT_THAT(*made, HasSubstr("dummy2"));
}

TEST(Heartbeat, StopsWithTheGuestAndShowsTheGap) {
    GuestUnderTest guest({});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(guest->alive(Milliseconds(10'000)));
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const auto stopped = Clock::now();
    // One more beat may have been on its way.
    guest->alive(Milliseconds(50));
    EXPECT_FALSE(guest->alive(Milliseconds(300)));
    EXPECT_FALSE(guest->alive(Milliseconds(100), Lane::REALTIME));
    ASSERT_TRUE(ok(guest->qmp("cont")));
    ASSERT_TRUE(guest->alive(Milliseconds(10'000)));
    EXPECT_GE(longest_gap(guest->heartbeats(), stopped, Clock::now()), Milliseconds(400));
    // By the guest's own clock, each beat comes after the one before.
    ASSERT_TRUE(ok(guest->wait_for(
        "beats", [&] { return guest->heartbeats(Lane::REALTIME).size() > 10; }, Guest::PATIENCE)));
    const auto beats = guest->heartbeats(Lane::REALTIME);
    for (size_t i = 1; i < beats.size(); ++i) EXPECT_GT(beats[i].guest, beats[i - 1].guest);
}

TEST(Guest, IsAsItsOptionsSay) {
    GuestUnderTest guest({.cpus = 3,
                          .ram_megabytes = 300,
                          .kaslr = false,
                          .five_level_paging = true,
                          .hypervisor_bit = false,
                          .pmu = false,
                          .hpet_nmi = true,
                          .display = true,
                          .disks = {{.use = Disk::Use::SWAP, .megabytes = 64},
                                    {.use = Disk::Use::EXT4,
                                     .megabytes = 64,
                                     .bytes_per_second = 20'000'000,
                                     .operations_per_second = 1000,
                                     .mount_at = "/disk"}},
                          .modules = {"loop"},
                          .command_line = "nowatchdog"});
    ASSERT_TRUE(guest.is_up());
    const auto read = [&guest](const char* path) {
        auto content = guest->read_file(path);
        return content ? *content : to_line(content.error());
    };
    EXPECT_EQ(guest->run({"nproc"})->out, "3\n");
    EXPECT_THAT(read("/proc/cpuinfo"), HasSubstr(" la57"));
    EXPECT_THAT(read("/proc/cpuinfo"), Not(HasSubstr(" hypervisor")));
    // The address that the kernel is linked for (__START_KERNEL_map + CONFIG_PHYSICAL_START).
    EXPECT_EQ(guest->run({"sh", "-c", "grep ' _text$' /proc/kallsyms"})->out,
              "ffffffff81000000 T _text\n");
    EXPECT_THAT(read("/proc/swaps"), HasSubstr("/dev/vda"));
    EXPECT_THAT(read("/proc/mounts"), HasSubstr("/dev/vdb /disk ext4"));
    EXPECT_THAT(read("/proc/modules"), HasSubstr("loop "));
    EXPECT_EQ(read("/proc/sys/kernel/watchdog"), "0\n");

    EXPECT_TRUE(ok(guest->inject_nmi()));
    EXPECT_TRUE(ok(guest->wait_for_console("NMI received for unknown reason", Guest::PATIENCE)));

    const auto folder = std::filesystem::temp_directory_path();
    const auto file = (folder / ("defib-qmp-" + std::to_string(guest->qemu()))).string();
    ASSERT_TRUE(ok(guest->qmp("screendump", {{"filename", file}})));
    EXPECT_GT(std::filesystem::file_size(file), 1000U);
    ASSERT_TRUE(
        ok(guest->qmp("dump-guest-memory", {{"paging", false}, {"protocol", "file:" + file}})));
    EXPECT_GE(std::filesystem::file_size(file), uint64_t{300} << 20);
    std::filesystem::remove(file);
}

TEST(Guest, RunsBesideOthersThatWereStartedAtTheSameTime) {
    constexpr size_t COUNT = 3;
    std::vector<std::future<Result<Guest>>> starting;
    for (size_t i = 0; i < COUNT; ++i) {
        starting.push_back(std::async(std::launch::async, [] {
            return Guest::boot({.kernel = "6.12-cloud", .cpus = 1, .ram_megabytes = 256});
        }));
    }
    std::vector<Guest> guests;
    for (auto& each : starting) {
        auto guest = each.get();
        ASSERT_TRUE(ok(guest));
        guests.push_back(std::move(*guest));
    }
    for (size_t i = 0; i < COUNT; ++i) {
        EXPECT_TRUE(ok(guests[i].write_file("/tmp/number", std::to_string(i))));
    }
    // The end of one is not the end of another.
    guests.erase(guests.begin());
    for (size_t i = 1; i < COUNT; ++i) {
        auto content = guests[i - 1].read_file("/tmp/number");
        ASSERT_TRUE(ok(content));
        EXPECT_EQ(*content, std::to_string(i));
    }
}

TEST(Guest, ThatDoesNotComeUpIsAnErrorWithItsConsolesEnd) {
    auto panicked = Guest::boot({.command_line = "rdinit=/nothing root=/dev/none panic=-1"});
    ASSERT_FALSE(panicked);
    EXPECT_EQ(panicked.error().code, DEFIB_ERROR_LAB_NOT_UP);
    EXPECT_THAT(panicked.error().detail, HasSubstr("Kernel panic"));

    auto late = Guest::boot({.boot_deadline = std::chrono::seconds(1)});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, DEFIB_ERROR_LAB_NOT_UP);

    auto unknown = Guest::boot({.kernel = "2.4"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, DEFIB_ERROR_LAB_NO_KERNEL);
    EXPECT_EQ(exit_status(Guest::boot({.cpus = 9}).error().code), DEFIB_EXIT_USAGE);
    EXPECT_EQ(exit_status(Guest::boot({.ram_megabytes = 64}).error().code), DEFIB_EXIT_USAGE);
}

}  // namespace
}  // namespace defib::lab
