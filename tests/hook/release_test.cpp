// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// CPUs that spin with interrupts off on a leaked lock (fault f1b), which nothing else in a machine
// can help, released from outside through the hook: one CPU, reached by the NMI of the other; and
// all CPUs, reached by the HPET's.
#include <gtest/gtest.h>

#include <chrono>
#include <regex>

#include "tests/faults/symptom.h"
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

// Where the fault module says that it leaked the lock; the engine would find it by itself.
uint64_t leaked_lock(Guest& guest, size_t from) {
    EXPECT_TRUE(ok(guest.wait_for_console("leaked the lock at ", 60s, from)));
    const std::string console = guest.console().substr(from);
    std::smatch found;
    if (!std::regex_search(console, found, std::regex("leaked the lock at ([0-9a-f]+)"))) return 0;
    return std::stoull(found[1], nullptr, 16);
}

void expect_spins(Guest& guest, HookedGuest& hooked, uint32_t cpu, uint32_t source) {
    const auto says_so = [&] {
        const auto beat = hooked.hook().beat(cpu);
        return beat &&
               (beat->flags & (source | DEFIB_HOOK_IRQS_OFF)) == (source | DEFIB_HOOK_IRQS_OFF);
    };
    EXPECT_TRUE(ok(guest.wait_for("its beat", says_so, 60s))) << cpu;
    // It answers, from within the NMI. What needs interrupts on is refused, in bounded time.
    const auto answer = hooked.hook().ask({.kind = DEFIB_HOOK_NOTHING, .cpu = cpu}, 60s);
    ASSERT_TRUE(ok(answer));
    EXPECT_EQ(answer->cpu, cpu);
    EXPECT_NE(answer->flags & DEFIB_HOOK_IRQS_OFF, 0U);
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RESCHEDULE, .cpu = cpu, .attempts = 3}),
              DEFIB_HOOK_STATUS_NO_CPU);
}

uint32_t try_lock(HookedGuest& hooked, uint32_t cpu, uint64_t lock) {
    return hooked.ask(
        {.kind = DEFIB_HOOK_TRYLOCK, .cpu = cpu, .attempts = 2, .arguments = {lock, 100}});
}

void release(Guest& guest, HookedGuest& hooked, uint32_t cpu, uint64_t lock, int waiters,
             size_t from) {
    EXPECT_EQ(hooked.ask({.kind = DEFIB_HOOK_RELEASE, .cpu = cpu, .arguments = {lock, 1, 0xff}}),
              DEFIB_HOOK_STATUS_DONE);
    const auto all_got_it = [&] {
        const std::string console = guest.console().substr(from);
        const std::regex line("a waiter got the lock");
        return std::distance(std::sregex_iterator(console.begin(), console.end(), line), {}) ==
               waiters;
    };
    EXPECT_TRUE(ok(guest.wait_for("every waiter to get the lock", all_got_it, 60s)));
    EXPECT_TRUE(guest.alive(Guest::PATIENCE));
}

TEST_P(EachKernel, CpusThatSpinWithInterruptsOffAreServedAndFreed) {
    const auto& fault = *faults::find("f1b");
    lab::GuestOptions options = faults::guest_for(fault, GetParam());
    options.hpet_nmi = true;
    GuestUnderTest guest(options);
    ASSERT_TRUE(guest.is_up());

    auto hooked = HookedGuest::load(*guest, "");
    ASSERT_TRUE(ok(hooked));
    const auto module = faults::module_for(guest->kernel());
    ASSERT_TRUE(ok(module));
    ASSERT_TRUE(ok(guest->load_module(*module)));
    size_t from = guest->console_size();
    ASSERT_TRUE(ok(guest->write_file("/sys/module/defib_fault/parameters/f1b", "1")));
    uint64_t lock = leaked_lock(*guest, from);
    ASSERT_NE(lock, 0U);
    expect_spins(*guest, *hooked, 1, DEFIB_HOOK_SOURCE_RING);
    // Nothing would make sure that its lease ends.
    EXPECT_EQ(try_lock(*hooked, 1, lock), DEFIB_HOOK_STATUS_UNSUPPORTED);
    release(*guest, *hooked, 1, lock, 1, from);

    hooked->detach();
    ASSERT_TRUE(ok(unload(*guest)));
    hooked = HookedGuest::load(*guest, "hpet=1 hz=200");
    ASSERT_TRUE(ok(hooked));
    const auto injection = faults::inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    from = injection->console_from;
    lock = leaked_lock(*guest, from);
    ASSERT_NE(lock, 0U);
    ASSERT_TRUE(ok(faults::wait_for_symptom(*guest, *injection)));
    for (uint32_t cpu = 0; cpu < options.cpus; cpu++) {
        expect_spins(*guest, *hooked, cpu, DEFIB_HOOK_SOURCE_HPET);
    }
    EXPECT_EQ(try_lock(*hooked, DEFIB_HOOK_ANY_CPU, lock), DEFIB_HOOK_STATUS_BUSY);
    release(*guest, *hooked, DEFIB_HOOK_ANY_CPU, lock, static_cast<int>(options.cpus), from);
}

}  // namespace
}  // namespace defib::hook_test
