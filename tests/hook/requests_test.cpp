// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every request of the ring, written from outside into the RAM of a real kernel, and what it did
// there.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "tests/faults/inject.h"
#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12", "6.1-rt", "6.12-rt"),
                         name_of_kernel);

constexpr uint64_t LEASE_MS = 1000;

void expect_every_cpu_answers(HookedGuest& hooked) {
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        const auto answer = hooked.hook().ask({.kind = DEFIB_HOOK_NOTHING, .cpu = cpu}, 30s);
        ASSERT_TRUE(ok(answer));
        EXPECT_EQ(answer->status, DEFIB_HOOK_STATUS_DONE);
        EXPECT_EQ(answer->cpu, cpu);
    }
    EXPECT_EQ(hooked.ask({.cpu = 5}), DEFIB_HOOK_STATUS_NO_CPU);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_POKE, .arguments = {1}}), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_POKE, .arguments = {5}}), DEFIB_HOOK_STATUS_NO_CPU);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RESCHEDULE, .cpu = 1}), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RESCHEDULE}), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(hooked.ask({.kind = 99}), DEFIB_HOOK_STATUS_BAD_KIND);
    EXPECT_EQ(hooked.ask({.kind = 0}), DEFIB_HOOK_STATUS_BAD_KIND);
    EXPECT_EQ(hooked.ask({.attempts = 0}), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(hooked.ask({.arguments = {1}}), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
}

void expect_words_are_read_and_set(HookedGuest& hooked) {
    const auto read = [&](uint64_t address, uint64_t size, uint64_t* value = nullptr) {
        return hooked.ask({.kind = DEFIB_HOOK_READ, .arguments = {address, size}}, value);
    };
    const auto set = [&](uint64_t address, uint64_t size, uint64_t old, uint64_t next,
                         uint64_t* value = nullptr) {
        return hooked.ask(
            {.kind = DEFIB_HOOK_COMPARE_AND_SET, .arguments = {address, size, old, next}}, value);
    };
    uint64_t value = 0;
    const uint64_t banner = hooked.address_of("linux_banner");
    EXPECT_EQ(read(banner, 8, &value), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(value, 0x6576207875'6e694cU);  // "Linux ve"
    EXPECT_EQ(read(banner, 2, &value), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(value, 0x694cU);
    EXPECT_EQ(read(banner, 3), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read(banner + 1, 8), DEFIB_HOOK_STATUS_FORBIDDEN);
    EXPECT_EQ(read(0x400000, 8), DEFIB_HOOK_STATUS_FORBIDDEN);               // a program's
    EXPECT_EQ(read(0x8000'0000'0000'0000, 8), DEFIB_HOOK_STATUS_FORBIDDEN);  // nobody's
    EXPECT_EQ(read(~uint64_t{7}, 8), DEFIB_HOOK_STATUS_FORBIDDEN);           // not mapped

    const auto lent = hooked.hook().ask({.kind = DEFIB_HOOK_BORROW}, 30s);
    ASSERT_TRUE(ok(lent));
    ASSERT_EQ(lent->status, DEFIB_HOOK_STATUS_DONE);
    const uint64_t page = lent->value[1];
    EXPECT_EQ(hooked.memory().read<uint64_t>(page + 4088), 0U);
    EXPECT_EQ(set(page, 8, 0, 0x1122334455667788), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.memory().read<uint64_t>(page), 0x1122334455667788U);
    EXPECT_EQ(set(page, 8, 0, 1, &value), DEFIB_HOOK_STATUS_CHANGED);
    EXPECT_EQ(value, 0x1122334455667788U);
    EXPECT_EQ(set(page + 4, 4, 0x11223344, 7), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.memory().read<uint64_t>(page), 0x755667788U);
    EXPECT_EQ(set(page, 4, uint64_t{1} << 32, 7), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(set(page, 2, 0, 7), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    // Code and constants, by both of their addresses.
    for (const uint64_t fixed : {hooked.address_of("_text"), banner}) {
        uint64_t there = 0;
        ASSERT_EQ(read(fixed, 8, &there), DEFIB_HOOK_STATUS_DONE);
        EXPECT_EQ(set(fixed, 8, there, there), DEFIB_HOOK_STATUS_FORBIDDEN);
    }
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RETURN, .arguments = {lent->value[0]}}),
              DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RETURN, .arguments = {lent->value[0]}}),
              DEFIB_HOOK_STATUS_NOT_HELD);
    std::vector<uint64_t> pages;
    uint64_t physical = 0;
    while (pages.size() < 100 &&
           hooked.ask({.kind = DEFIB_HOOK_BORROW}, &physical) == DEFIB_HOOK_STATUS_DONE) {
        pages.push_back(physical);
    }
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_BORROW}), DEFIB_HOOK_STATUS_FULL);
    for (const uint64_t each : pages) {
        EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RETURN, .arguments = {each}}),
                  DEFIB_HOOK_STATUS_DONE);
    }
}

std::vector<uint64_t> pids_of(Guest& guest, const std::string& name) {
    const auto found = guest.run({"pidof", name});
    std::istringstream words(found ? found->out : "");
    std::vector<uint64_t> pids;
    for (uint64_t pid = 0; words >> pid;) pids.push_back(pid);
    return pids;
}

// The lock is one that nobody knows, in a lent page.
void expect_locks_are_taken_and_given_back(Guest& guest, HookedGuest& hooked) {
    const auto lent = hooked.hook().ask({.kind = DEFIB_HOOK_BORROW}, 30s);
    ASSERT_TRUE(ok(lent));
    const uint64_t lock = lent->value[1] + 64;
    const auto word = [&] { return hooked.memory().read<uint32_t>(lock).value_or(99); };
    const auto lock_request = [&](uint32_t kind, uint64_t lease = 0) {
        return hooked.ask({.kind = kind, .attempts = 3, .arguments = {lock, lease}});
    };
    const auto release = [&](uint64_t expected, uint64_t mask) {
        return hooked.ask({.kind = DEFIB_HOOK_RELEASE, .arguments = {lock, expected, mask}});
    };
    EXPECT_EQ(lock_request(DEFIB_HOOK_TRYLOCK, 0), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(lock_request(DEFIB_HOOK_TRYLOCK, LEASE_MS + 1), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(lock_request(DEFIB_HOOK_UNLOCK), DEFIB_HOOK_STATUS_NOT_HELD);
    // Nobody unlocks it: its lease ends.
    EXPECT_EQ(lock_request(DEFIB_HOOK_TRYLOCK, 1), DEFIB_HOOK_STATUS_DONE);
    EXPECT_TRUE(ok(guest.wait_for("the end of the lease", [&] { return word() == 0; }, 30s)));
    // A lock that somebody else holds.
    ASSERT_EQ(hooked.ask({.kind = DEFIB_HOOK_COMPARE_AND_SET, .arguments = {lock, 4, 0, 1}}),
              DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(lock_request(DEFIB_HOOK_TRYLOCK, LEASE_MS), DEFIB_HOOK_STATUS_BUSY);
    EXPECT_EQ(lock_request(DEFIB_HOOK_UNLOCK), DEFIB_HOOK_STATUS_NOT_HELD);
    EXPECT_EQ(word(), 1U);
    EXPECT_EQ(release(0, 0xff), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(release(0x101, 0xff), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_EQ(release(0x40001, 0xffffffff), DEFIB_HOOK_STATUS_CHANGED);
    EXPECT_EQ(word(), 1U);
    EXPECT_EQ(release(1, 0xff), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(word(), 0U);
    EXPECT_EQ(release(1, 0xff), DEFIB_HOOK_STATUS_CHANGED);
    // In the kernel's code there is no lock.
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_TRYLOCK,
                          .arguments = {hooked.address_of("_text"), LEASE_MS}}),
              DEFIB_HOOK_STATUS_FORBIDDEN);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RETURN, .arguments = {lent->value[0]}}),
              DEFIB_HOOK_STATUS_DONE);
}

void expect_tasks_are_helped(Guest& guest, HookedGuest& hooked) {
    const auto about = [&](uint32_t kind, const Task& task, uint64_t last = 0,
                           uint64_t* value = nullptr) {
        return hooked.ask(
            {.kind = kind, .arguments = {task.address, task.pid, task.start_time, last}}, value);
    };
    // A process whose wake-up was lost, woken by the kernel's own function. One that does not sleep
    // yet is asked again.
    const auto lost = faults::inject(guest, "lost_wakeup");
    ASSERT_TRUE(ok(lost));
    EXPECT_TRUE(ok(guest.wait_for(
        "the sleeper to go on",
        [&] {
            for (const uint64_t pid : pids_of(guest, "v-read")) {
                if (const auto each = hooked.find_task(pid)) about(DEFIB_HOOK_WAKE, *each);
            }
            const auto reader = guest.state_of(lost->programs[0]);
            return reader && reader->out.contains("read a byte");
        },
        60s)));
    EXPECT_TRUE(ok(faults::kill_programs(guest, *lost)));

    const auto sleeper = guest.start({"sleep", "1000"});
    ASSERT_TRUE(ok(sleeper));
    const auto task = hooked.find_task(static_cast<uint64_t>(*sleeper));
    ASSERT_TRUE(task);
    EXPECT_EQ(about(DEFIB_HOOK_AFFINITY, *task, 2), DEFIB_HOOK_STATUS_DONE);
    const auto status = guest.read_file("/proc/" + std::to_string(*sleeper) + "/status");
    ASSERT_TRUE(ok(status));
    EXPECT_NE(status->find("Cpus_allowed_list:\t1\n"), std::string::npos) << *status;
    uint64_t error = 0;
    EXPECT_EQ(about(DEFIB_HOOK_AFFINITY, *task, 0, &error), DEFIB_HOOK_STATUS_FAILED);
    EXPECT_EQ(error, static_cast<uint64_t>(EINVAL));
    EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, *task, 65), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    // Not the task that is meant.
    EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, {task->address, task->pid, task->start_time + 1}, SIGTERM),
              DEFIB_HOOK_STATUS_NO_TASK);
    EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, {task->address + 8, task->pid, task->start_time}, SIGTERM),
              DEFIB_HOOK_STATUS_NO_TASK);
    EXPECT_EQ(about(DEFIB_HOOK_WAKE, {task->address, 0, task->start_time}),
              DEFIB_HOOK_STATUS_NO_TASK);
    for (const uint64_t pid : {1U, 2U}) {
        const auto spared = hooked.find_task(pid);
        ASSERT_TRUE(spared);
        EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, *spared, SIGKILL), DEFIB_HOOK_STATUS_FORBIDDEN);
    }
    const auto thread = hooked.find_task(2);
    EXPECT_EQ(about(DEFIB_HOOK_AFFINITY, *thread, 1), DEFIB_HOOK_STATUS_FORBIDDEN);
    EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, *task, SIGTERM), DEFIB_HOOK_STATUS_DONE);
    const auto ended = guest.wait_for_exit(*sleeper);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, 128 + SIGTERM);
    EXPECT_EQ(about(DEFIB_HOOK_SIGNAL, *task, SIGTERM), DEFIB_HOOK_STATUS_NO_TASK);
}

constexpr const char* FIND_DISPLAY =
    "for d in /sys/bus/pci/devices/*; do case $(cat $d/class) in 0x0380*) echo ${d##*/};; esac; "
    "done";

// domain<<16|bus<<8|devfn of the display, from "0000:01:00.0"; 0: there is none.
uint64_t slot_of_display(Guest& guest) {
    const auto found = guest.run({"sh", "-c", FIND_DISPLAY});
    unsigned domain = 0;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    if (!found ||
        std::sscanf(found->out.c_str(), "%x:%x:%x.%u", &domain, &bus, &device, &function) != 4) {
        return 0;
    }
    return uint64_t{domain} << 16 | bus << 8 | device << 3 | function;
}

// Bit 11 of Device Control in the PCIe capability, which QEMU's bochs-display has at 0x80. QEMU
// never lets it be set.
bool no_snoop_bit(Guest& guest) {
    const auto byte =
        guest.run({"sh", "-c",
                   std::string("d=$(") + FIND_DISPLAY +
                       "); dd if=/sys/bus/pci/devices/$d/config bs=1 skip=137 count=1 2>&- | "
                       "od -An -tu1"});
    EXPECT_TRUE(ok(byte));
    return byte && (std::strtoul(byte->out.c_str(), nullptr, 10) & 8) != 0;
}

void expect_slow_ones_are_done(Guest& guest, HookedGuest& hooked) {
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_SYNC}), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_DROP_CACHES}), DEFIB_HOOK_STATUS_DONE);
    const auto log = guest.run({"dmesg"});
    ASSERT_TRUE(ok(log));
    EXPECT_NE(log->out.find("Filesystems sync"), std::string::npos);
    EXPECT_NE(log->out.find("drop_caches: 3"), std::string::npos);

    const auto frozen = guest.run({"fsfreeze", "--freeze", "/disk"});
    ASSERT_TRUE(ok(frozen));
    ASSERT_EQ(frozen->status, 0) << frozen->err;
    const auto writer = guest.start({"sh", "-c", "echo > /disk/file"});
    ASSERT_TRUE(ok(writer));
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_THAW}), DEFIB_HOOK_STATUS_DONE);
    const auto wrote = guest.wait_for_exit(*writer);
    ASSERT_TRUE(ok(wrote));
    EXPECT_EQ(wrote->status, 0);

    // A host bridge is no GPU, and device 1f.7 is not there.
    const auto no_snoop = [&](uint64_t address, uint64_t* value = nullptr) {
        return hooked.ask({.kind = DEFIB_HOOK_NO_SNOOP_OFF, .arguments = {address}}, value);
    };
    uint64_t error = 0;
    EXPECT_EQ(no_snoop(0), DEFIB_HOOK_STATUS_FORBIDDEN);
    EXPECT_EQ(no_snoop(0xff, &error), DEFIB_HOOK_STATUS_FAILED);
    EXPECT_EQ(error, static_cast<uint64_t>(ENODEV));
    EXPECT_EQ(no_snoop(uint64_t{1} << 32), DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    // The display behind the port: what the bit was is told, and it is off, as it was before.
    const uint64_t display = slot_of_display(guest);
    ASSERT_NE(display, 0U);
    uint64_t was_set = 2;
    const bool is_set = no_snoop_bit(guest);
    EXPECT_EQ(no_snoop(display, &was_set), DEFIB_HOOK_STATUS_DONE);
    EXPECT_EQ(was_set, is_set ? 1U : 0U);
    EXPECT_FALSE(no_snoop_bit(guest));
}

// Each CPU's beat tells where it was: both run a program that never ends.
void expect_beats_tell_the_truth(Guest& guest, HookedGuest& hooked) {
    std::vector<pid_t> spinners;
    for (const char* cpu : {"0", "1"}) {
        const auto pid = guest.start({"taskset", "-c", cpu, "sh", "-c", "while :; do :; done"});
        ASSERT_TRUE(ok(pid));
        spinners.push_back(*pid);
    }
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        const auto pid = static_cast<uint32_t>(spinners[cpu]);
        std::optional<Task> task;
        const auto shows_it = [&] {
            const auto beat = hooked.hook().beat(cpu);
            task = hooked.find_task(pid);
            return beat && task && beat->pid == pid && beat->task == task->address &&
                   (beat->flags & DEFIB_HOOK_USER) != 0 && beat->ip < uint64_t{1} << 47;
        };
        EXPECT_TRUE(ok(guest.wait_for("its beat", shows_it, 60s))) << cpu;
    }
    for (const pid_t pid : spinners) EXPECT_TRUE(ok(guest.signal(pid, SIGKILL)));
}

// The kernel's own complaints; but that an NMI took over a millisecond, which here is because the
// host took the processor away.
void expect_the_log_is_clean(Guest& guest) {
    const auto log = guest.run({"dmesg"});
    ASSERT_TRUE(ok(log));
    for (const char* complaint : {"WARNING:", "BUG:", "Oops", "NMI received for unknown reason"}) {
        EXPECT_EQ(log->out.find(complaint), std::string::npos) << complaint << "\n" << log->out;
    }
}

TEST_P(EachKernel, ServesEveryRequest) {
    GuestUnderTest guest(
        {.kernel = GetParam(),
         .hpet_nmi = true,
         .pcie_display = true,
         .disks = {{.use = lab::Disk::Use::EXT4, .megabytes = 64, .mount_at = "/disk"}}});
    ASSERT_TRUE(guest.is_up());
    auto hooked = HookedGuest::load(*guest, "hpet=1");
    ASSERT_TRUE(ok(hooked));
    expect_every_cpu_answers(*hooked);
    expect_words_are_read_and_set(*hooked);
    expect_locks_are_taken_and_given_back(*guest, *hooked);
    expect_tasks_are_helped(*guest, *hooked);
    expect_slow_ones_are_done(*guest, *hooked);
    expect_beats_tell_the_truth(*guest, *hooked);
    expect_the_log_is_clean(*guest);

    // An NMI of somebody else is left to the kernel, which says that it does not know it.
    ASSERT_TRUE(ok(guest->wait_for(
        "the kernel's complaint about a foreign NMI",
        [&] {
            EXPECT_TRUE(ok(guest->inject_nmi()));
            return guest->console().find("NMI received for unknown reason") != std::string::npos;
        },
        60s)));

    EXPECT_EQ(hooked->ask({.kind = DEFIB_HOOK_CRASH, .arguments = {1}}),
              DEFIB_HOOK_STATUS_BAD_ARGUMENT);
    EXPECT_TRUE(guest->alive(Guest::PATIENCE));
    ASSERT_TRUE(
        ok(hooked->hook().post({.kind = DEFIB_HOOK_CRASH, .arguments = {DEFIB_HOOK_CRASH_WORD}})));
    EXPECT_TRUE(ok(guest->wait_for_console("the engine asks for a crash dump", Guest::PATIENCE)));
    EXPECT_TRUE(ok(guest->wait_for(
        "the ring to say so", [&] { return hooked->hook().state() == DEFIB_HOOK_STATE_PANIC; },
        Guest::PATIENCE)));
}

struct EveryKernel : ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Module, EveryKernel,
                         ::testing::Values("6.1", "6.1-cloud", "6.1-rt", "6.12", "6.12-cloud",
                                           "6.12-rt"),
                         name_of_kernel);

// Warnings are errors in the module's Kbuild; modpost's are, too (build_module).
TEST_P(EveryKernel, TakesTheModule) {
    const auto kernel = lab::find_kernel(GetParam());
    ASSERT_TRUE(ok(kernel));
    EXPECT_TRUE(ok(hook_module(*kernel)));
}

}  // namespace
}  // namespace defib::hook_test
