// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every fault is found in a real kernel, with whoever did it, and nothing else is; and of a machine
// that works hard and is well nothing is found at all.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/detectors/faults.h"
#include "tests/detect/expected.h"
#include "tests/detect/watch.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/under_test.h"

namespace defib::detect {
namespace {

using namespace std::chrono_literals;
using lab::GuestUnderTest;

constexpr lab::Milliseconds PATIENCE = 90s;

std::string text_of(const std::vector<Found>& all) {
    std::string text;
    for (const Found& found : all) text += "  " + to_text(found) + "\n";
    return text;
}

bool is_among(const std::vector<Found>& all, const Found& one) {
    return std::ranges::any_of(all, [&](const Found& other) {
        return other.fault() == one.fault() && other.finding.key == one.finding.key;
    });
}

// Who is named, as the table beside the detectors says: policies are checked against it.
void expect_named_as_declared(const Found& found) {
    enum Names { NOBODY, WHO, WHO_GROWS };
    const std::pair<uint32_t, Names> declared[] = {
#define DEFIB_FAULT_NAMES(detector, fault, named) {DEFIB_FAULT_##fault, named},
        DEFIB_DETECTOR_FAULTS(DEFIB_FAULT_NAMES)
#undef DEFIB_FAULT_NAMES
    };
    const auto* entry =
        std::ranges::find(declared, found.finding.fault, &std::pair<uint32_t, Names>::first);
    ASSERT_NE(entry, std::end(declared)) << to_text(found);
    EXPECT_EQ(found.culprits.empty(), entry->second == NOBODY) << to_text(found);
    const bool tells_growth =
        std::ranges::any_of(found.culprits, [](const auto& one) { return one.growth != 0; });
    EXPECT_TRUE(!tells_growth || entry->second == WHO_GROWS) << to_text(found);
}

// What was there before the fault is not its doing.
void expect_nothing_else(const Watch& watch, const Expected& expected,
                         const std::vector<Found>& before) {
    for (const Found& found : watch.seen()) {
        const bool is_due = found.fault() == expected.finding ||
                            std::ranges::find(expected.also, found.fault()) != expected.also.end();
        EXPECT_TRUE(is_due || is_among(before, found))
            << expected.fault << " is no " << to_text(found);
    }
}

void expect_found(GuestUnderTest& guest, Watch& watch, const char* name) {
    SCOPED_TRACE(name);
    const Expected* expected = expected_of(name);
    ASSERT_NE(expected, nullptr);
    // Let what the fault before left behind show itself first.
    watch.clear();
    watch.look_until([](const Found&) { return false; }, 2s);
    const std::vector<Found> before = watch.seen();
    const auto injection = faults::inject(*guest, *faults::find(name));
    ASSERT_TRUE(injection) << to_line(injection.error());
    const auto found = watch.look_until(
        [&](const Found& one) { return is_it(one, *expected) && !is_among(before, one); },
        PATIENCE);
    ASSERT_TRUE(found) << "found was\n" << text_of(watch.seen());
    EXPECT_GT(found->finding.since_ns, 0U);
    expect_named_as_declared(*found);
    expect_nothing_else(watch, *expected, before);
    if (faults::find(name)->kill == faults::Kill::ENDS_IT) {
        EXPECT_TRUE(faults::kill_programs(*guest, *injection));
        // It passes: a finding that stops coming is how the policy knows.
        const auto is_gone = guest->wait_for(
            "the end of the finding",
            [&] {
                return !watch.look_until([&](const Found& one) { return is_it(one, *expected); },
                                         3s);
            },
            PATIENCE);
        EXPECT_TRUE(is_gone) << to_line(is_gone.error());
    }
}

std::string name_of_kernel(const std::string& kernel) {
    return kernel == "6.1" ? "linux_6_1" : "linux_6_12";
}

// -- Faults that take the machine with them, each in a guest of its own --------------------------

struct Alone : ::testing::TestWithParam<std::tuple<const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Alone,
                         ::testing::Combine(::testing::Values("6.1", "6.12"),
                                            ::testing::Values("f1a", "f1b", "f1d", "f3", "f5",
                                                              "f6_slab", "rcu_reader", "hog_swap")),
                         [](const auto& test) {
                             return name_of_kernel(std::get<0>(test.param)) + "_" +
                                    std::get<1>(test.param);
                         });

TEST_P(Alone, IsFoundAndNothingElse) {
    const auto [kernel, name] = GetParam();
    GuestUnderTest guest(faults::guest_for(*faults::find(name), kernel));
    ASSERT_TRUE(guest.is_up());
    const auto watch = Watch::start(*guest, lab_thresholds());
    ASSERT_TRUE(watch) << to_line(watch.error());
    expect_found(guest, **watch, name);
}

// -- Faults that leave a machine to break further, one after the other ---------------------------

struct InTurn : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, InTurn, ::testing::Values("6.1", "6.12"),
                         [](const auto& test) { return name_of_kernel(test.param); });

TEST_P(InTurn, EachIsFoundAndPassesOrStays) {
    GuestUnderTest guest(faults::guest_for(*faults::find("f4"), GetParam()));
    ASSERT_TRUE(guest.is_up());
    const auto watch = Watch::start(*guest, lab_thresholds());
    ASSERT_TRUE(watch) << to_line(watch.error());
    for (const char* name : {"cpu_hogs", "rt_hogs", "fork_bomb", "thread_bomb", "f4", "mutex",
                             "mutex_cycle", "mutex_forgotten", "pid_exhaustion",
                             "thread_exhaustion", "file_exhaustion", "oops_mutex", "f2", "panic"}) {
        expect_found(guest, **watch, name);
        if (HasFatalFailure()) return;
    }
}

// -- Nothing is wrong, with thresholds about half as high as the usual ones
// ------------------------

struct Healthy : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Healthy, ::testing::Values("6.1", "6.12"),
                         [](const auto& test) { return name_of_kernel(test.param); });

TEST_P(Healthy, MachineUnderEveryLoadGivesNoFinding) {
    GuestUnderTest guest(faults::guest_for(*faults::find("stress_cpu"), GetParam()));
    ASSERT_TRUE(guest.is_up());
    const auto watch = Watch::start(*guest, tight_thresholds());
    ASSERT_TRUE(watch) << to_line(watch.error());
    for (const faults::Fault& load : faults::healthy_loads()) {
        SCOPED_TRACE(load.name);
        const auto injection = faults::inject(*guest, load);
        ASSERT_TRUE(injection) << to_line(injection.error());
        (*watch)->look_until([](const Found&) { return false; }, 10s);
        EXPECT_TRUE((*watch)->seen().empty()) << text_of((*watch)->seen());
        (*watch)->clear();
        EXPECT_TRUE(faults::kill_programs(*guest, *injection));
    }
}

}  // namespace
}  // namespace defib::detect
