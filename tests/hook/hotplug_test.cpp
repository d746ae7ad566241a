// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU that is taken off line and brought back while the hook's sources run at their fastest: what
// is asked of it is refused while it is away and served when it is back, the others go on, and the
// kernel has nothing to complain of.
#include <gtest/gtest.h>

#include <chrono>

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

TEST_P(EachKernel, ACpuMayComeAndGo) {
    GuestUnderTest guest({.kernel = GetParam(), .cpus = 3, .hpet_nmi = true});
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
    const auto log = guest->run({"dmesg"});
    ASSERT_TRUE(ok(log));
    for (const char* complaint : {"WARNING:", "BUG:", "Oops", "NMI received for unknown reason"}) {
        EXPECT_EQ(log->out.find(complaint), std::string::npos) << complaint << "\n" << log->out;
    }
}

}  // namespace
}  // namespace defib::hook_test
