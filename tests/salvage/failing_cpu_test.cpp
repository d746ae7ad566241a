// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU that wears out: QEMU puts errors into its machine-check banks, the guest's own kernel finds
// them there, `defib run` with the policy that comes along counts them and takes the CPU out of
// use; and what computed there goes on elsewhere.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <signal.h>

#include <sstream>

#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/recover/defib_run.h"
#include "tests/salvage/folder.h"
#include "tests/salvage/restarting.h"

namespace defib::salvage {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;
using recover::DefibRun;
using recover::Event;
using std::chrono::milliseconds;

constexpr milliseconds START{60'000};
constexpr milliseconds REPAIR{120'000};
constexpr milliseconds END{30'000};
constexpr milliseconds BETWEEN{2000};

constexpr unsigned BAD_CPU = 1;
constexpr unsigned LEAST_ERRORS = 10;  // of the policy that comes along

// MCi_STATUS: valid, with an address; corrected unless it says more.
constexpr uint64_t CORRECTED = 0x8400000000000000;
constexpr uint64_t READS_DATA_SECOND_LEVEL = CORRECTED | 0x0136;
constexpr uint64_t READS_MEMORY = CORRECTED | 0x009f;
constexpr uint64_t GENERIC_SECOND_LEVEL = CORRECTED | 0x010a;
constexpr uint64_t OF_ANY_LEVEL = CORRECTED | 0x0137;

class Hardware {
  public:
    explicit Hardware(Guest& guest) : guest_(guest) {}

    // One error, and the kernel has told it: each has an address of its own.
    Result<void> errs(unsigned cpu, uint64_t status) {
        address_ += 0x1000;
        const size_t from = guest_.console_size();
        const auto put = guest_.qmp(
            "human-monitor-command",
            {{"command-line", fmt::format("mce {} 2 {:#x} 0 {:#x} 0", cpu, status, address_)}});
        if (!put) return std::unexpected(put.error());
        return guest_.wait_for_console(fmt::format("ADDR {:x}", address_), START, from);
    }

  private:
    Guest& guest_;
    uint64_t address_ = 0x12340000;
};

bool is_of_the_cpu(const Event& event) {
    return event.text("fault") == "cpu_failing";
}

// A CPU's ticks in user mode, by the guest's count.
uint64_t user_ticks(Guest& guest, unsigned cpu) {
    std::istringstream text(guest.read_file("/proc/stat").value_or(""));
    std::string name;
    while (text >> name) {
        uint64_t ticks = 0;
        if (name == fmt::format("cpu{}", cpu) && text >> ticks) return ticks;
    }
    return ~uint64_t{0};
}

Result<void> wait_for_ticks(Guest& guest, unsigned cpu, uint64_t more) {
    const uint64_t before = user_ticks(guest, cpu);
    return guest.wait_for(
        fmt::format("work on CPU {}", cpu), [&] { return user_ticks(guest, cpu) >= before + more; },
        Guest::PATIENCE);
}

// Numbers, one a line, each the one before and one more; the last line may be half written.
void expect_without_a_gap(const std::string& text) {
    std::istringstream lines(text);
    uint64_t due = 0;
    for (std::string line; std::getline(lines, line) && !lines.eof(); ++due)
        ASSERT_EQ(line, std::to_string(due));
}

struct FailingCpu : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, FailingCpu, ::testing::Values("6.1", "6.12"),
                         [](const auto& test) {
                             return std::string(test.param) == "6.1" ? "linux_6_1" : "linux_6_12";
                         });

TEST_P(FailingCpu, IsTakenOutOfUseAndWhatRanThereGoesOn) {
    const Folder folder("failing");
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(bring_defib(*guest)));
    ASSERT_TRUE(ok(guest->push_file(COUNTER_PROGRAM, "/tmp/defib-counter")));
    // The kernel looks into the banks every five minutes otherwise.
    ASSERT_TRUE(ok(
        guest->write_file("/sys/devices/system/machinecheck/machinecheck0/check_interval", "1")));
    Hardware hardware(*guest);
    // What was told before it looks is nothing that it has seen.
    for (unsigned i = 0; i < LEAST_ERRORS; i++)
        ASSERT_TRUE(ok(hardware.errs(BAD_CPU, READS_DATA_SECOND_LEVEL)));

    const auto run = DefibRun::start(DEFIB_PROGRAM, guest->ram_file());
    ASSERT_TRUE(ok(run));
    ASSERT_TRUE((*run)->wait_for([](const Event& event) { return event.is("started"); }, START));
    const auto counter =
        guest->start({"sh", "-c", "exec taskset 2 /tmp/defib-counter > /tmp/numbers"});
    ASSERT_TRUE(ok(counter));
    ASSERT_TRUE(ok(wait_for_size(*guest, "/tmp/numbers", 100)));
    // Errors of what all CPUs share, and one fewer than it takes.
    for (const uint64_t shared : {READS_MEMORY, GENERIC_SECOND_LEVEL, OF_ANY_LEVEL})
        for (unsigned i = 0; i < 3; i++) ASSERT_TRUE(ok(hardware.errs(BAD_CPU, shared)));
    for (unsigned i = 0; i + 1 < LEAST_ERRORS; i++)
        ASSERT_TRUE(ok(hardware.errs(BAD_CPU, READS_DATA_SECOND_LEVEL)));
    const std::string core = folder / "core";
    ASSERT_TRUE(ok(look::defib(*guest, {"checkpoint", std::to_string(*counter), "-o", core})));
    ASSERT_TRUE(ok(guest->signal(*counter, SIGKILL)));
    ASSERT_TRUE(ok(guest->wait_for_exit(*counter)));
    for (const Event& event : (*run)->events()) EXPECT_FALSE(is_of_the_cpu(event));

    ASSERT_TRUE(ok(guest->start({"sh", "-c", "while :; do :; done"})));
    ASSERT_TRUE(ok(guest->start({"sh", "-c", "while :; do :; done"})));
    ASSERT_TRUE(ok(wait_for_ticks(*guest, BAD_CPU, 10)));
    // Some of those before may have come two at a time, and count as one.
    const auto is_over = [](const Event& event) {
        return is_of_the_cpu(event) && event.is("over");
    };
    bool is_taken_out = false;
    for (unsigned i = 0; i < 2 * LEAST_ERRORS && !is_taken_out; i++) {
        ASSERT_TRUE(ok(hardware.errs(BAD_CPU, READS_DATA_SECOND_LEVEL)));
        is_taken_out = (*run)->wait_for(is_over, BETWEEN);
    }
    ASSERT_TRUE(is_taken_out || (*run)->wait_for(is_over, REPAIR)) << (*run)->to_text();
    const uint64_t before = user_ticks(*guest, BAD_CPU);
    EXPECT_TRUE(ok(wait_for_ticks(*guest, 0, 100)));
    // A tick that is under way may be counted yet.
    EXPECT_LE(user_ticks(*guest, BAD_CPU), before + 1);

    ASSERT_TRUE(ok(guest->push_file(core, "/tmp/core", 0600)));
    const size_t so_far = guest->read_file("/tmp/numbers").value_or("").size();
    const auto again =
        guest->start(defib_there({"restart", "/tmp/core", "--allow", "changed-files"}));
    ASSERT_TRUE(ok(again));
    EXPECT_TRUE(ok(wait_for_size(*guest, "/tmp/numbers", so_far + 200)))
        << guest->state_of(*again).value_or(lab::ProcessState{}).err;
    EXPECT_LE(user_ticks(*guest, BAD_CPU), before + 1);
    expect_without_a_gap(guest->read_file("/tmp/numbers").value_or("none"));

    // It stays so without defib, and is given back on request.
    EXPECT_EQ((*run)->stop(END), 0) << (*run)->to_text();
    EXPECT_TRUE(ok(look::defib(*guest, {"act", "release_cpu", "cpu=1"})));
    EXPECT_TRUE(ok(wait_for_ticks(*guest, BAD_CPU, 10)));
}

}  // namespace
}  // namespace defib::salvage
