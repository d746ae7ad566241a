// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU that is taken off line and brought back while the hook's sources run at their fastest: what
// is asked of it is refused while it is away and served when it is back, the others go on, and the
// kernel has nothing to complain of. The same, and the module's end, while an engine takes the
// locks that both need, and leaves them to their leases.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

constexpr uint32_t GUEST = 2;  // the CPU that comes and goes
constexpr int TURNS = 5;
constexpr unsigned CPUS = 3;
constexpr uint64_t LEASE_MS = 200;

uint64_t beats_of(HookedGuest& hooked, uint32_t cpu) {
    const auto beat = hooked.hook().beat(cpu);
    return beat ? beat->beats : 0;
}

bool beats_on(Guest& guest, HookedGuest& hooked, uint32_t cpu) {
    const uint64_t before = beats_of(hooked, cpu);
    return ok(guest.wait_for("its beats", [&] { return beats_of(hooked, cpu) > before + 3; }, 60s));
}

void set_online(Guest& guest, const char* state) {
    const std::string file = "/sys/devices/system/cpu/cpu2/online";
    const auto done = guest.run({"sh", "-c", std::string("echo ") + state + " > " + file});
    ASSERT_TRUE(ok(done));
    ASSERT_EQ(done->status, 0) << done->err;
}

void come_and_go(Guest& guest, HookedGuest& hooked) {
    for (int turn = 0; turn < TURNS; turn++) {
        SCOPED_TRACE(turn);
        EXPECT_TRUE(beats_on(guest, hooked, GUEST));
        EXPECT_EQ(hooked.ask({.cpu = GUEST}), DEFIB_HOOK_STATUS_DONE);
        ASSERT_NO_FATAL_FAILURE(set_online(guest, "0"));
        const uint64_t left = beats_of(hooked, GUEST);
        EXPECT_EQ(hooked.ask({.cpu = GUEST}), DEFIB_HOOK_STATUS_NO_CPU);
        EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_POKE, .arguments = {GUEST}}),
                  DEFIB_HOOK_STATUS_NO_CPU);
        EXPECT_TRUE(beats_on(guest, hooked, 0));
        EXPECT_TRUE(beats_on(guest, hooked, 1));
        EXPECT_EQ(beats_of(hooked, GUEST), left);
        ASSERT_NO_FATAL_FAILURE(set_online(guest, "1"));
    }
    EXPECT_TRUE(beats_on(guest, hooked, GUEST));
}

// Takes the lock of each CPU's run queue, which every tick and wake-up wants: all CPUs come to spin
// for them with interrupts off, until the leases end. Returns how many it got.
uint64_t hold_run_queues(HookedGuest& hooked, const std::atomic<bool>& over) {
    uint64_t taken = 0;
    while (!over && hooked.hook().state() == DEFIB_HOOK_STATE_SERVING) {
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            const auto base = hooked.memory().read<uint64_t>(hooked.address_of("__per_cpu_offset") +
                                                             sizeof(uint64_t) * cpu);
            const uint64_t lock = base.value_or(0) + hooked.address_of("runqueues");
            const auto answer = hooked.hook().ask(
                {.kind = DEFIB_HOOK_TRYLOCK, .attempts = 5, .arguments = {lock, LEASE_MS}}, 2s);
            taken += answer && answer->status == DEFIB_HOOK_STATUS_DONE;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2 * LEASE_MS));
    }
    return taken;
}

// No lock may be held while nobody would end its lease: the HPET rests while a CPU comes up, and
// stops for good when the module goes.
void expect_locks_come_back(Guest& guest, HookedGuest& hooked) {
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        ASSERT_TRUE(ok(guest.start({"sh", "-c", "while :; do :; done"})));
    }
    std::atomic<bool> over = false;
    std::atomic<uint64_t> taken = 0;
    std::thread engine([&] { taken = hold_run_queues(hooked, over); });
    for (const char* state : {"0", "1", "0", "1"}) set_online(guest, state);
    const auto unloaded = unload(guest);
    over = true;
    engine.join();
    EXPECT_TRUE(ok(unloaded));
    EXPECT_GT(taken, CPUS);
    EXPECT_TRUE(guest.alive(Guest::PATIENCE));
}

TEST_P(EachKernel, ACpuMayComeAndGo) {
    GuestUnderTest guest({.kernel = GetParam(), .cpus = CPUS, .hpet_nmi = true});
    ASSERT_TRUE(guest.is_up());
    for (const char* parameters : {"hz=1000", "hpet=1 hz=1000"}) {
        SCOPED_TRACE(parameters);
        auto hooked = HookedGuest::load(*guest, parameters);
        ASSERT_TRUE(ok(hooked));
        hooked->hook().set_period(1ms);
        come_and_go(*guest, *hooked);
        hooked->detach();
        ASSERT_TRUE(ok(unload(*guest)));
    }
    auto hooked = HookedGuest::load(*guest, "hpet=1 hz=1000");
    ASSERT_TRUE(ok(hooked));
    expect_locks_come_back(*guest, *hooked);
    hooked->detach();
    const auto log = guest->run({"dmesg"});
    ASSERT_TRUE(ok(log));
    for (const char* complaint : {"WARNING:", "BUG:", "Oops", "NMI received for unknown reason"}) {
        EXPECT_EQ(log->out.find(complaint), std::string::npos) << complaint << "\n" << log->out;
    }
}

}  // namespace
}  // namespace defib::hook_test
