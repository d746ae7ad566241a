// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every fault of the table really happens, on both kernels: its evidence is seen, SIGKILL does what
// the table says, and what is healthy stays so.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "tests/faults/symptom.h"
#include "tests/lab/under_test.h"

namespace defib::faults {
namespace {

using lab::GuestUnderTest;
using lab::ok;

constexpr const char* KERNELS[] = {"6.1", "6.12"};

std::string word(std::string text) {
    std::ranges::replace_if(text, [](char c) { return !std::isalnum(c); }, '_');
    return text;
}

void expect_all_end(lab::Guest& guest, const Injection& injection) {
    const auto killed = kill_programs(guest, injection);
    ASSERT_TRUE(ok(killed));
    for (const pid_t pid : injection.programs) {
        EXPECT_TRUE(ok(guest.wait_for_exit(pid))) << injection.fault->name;
    }
    EXPECT_TRUE(guest.alive(lab::Guest::PATIENCE)) << injection.fault->name;
}

// Their leader, who only waits for them, dies.
void expect_tasks_stay(lab::Guest& guest, const Injection& injection, const Evidence& tasks) {
    const auto killed = kill_programs(guest, injection);
    ASSERT_TRUE(ok(killed));
    ASSERT_TRUE(ok(guest.wait_for_exit(injection.programs[0])));
    const auto remain = holds(guest, injection, tasks, lab::Guest::PATIENCE);
    ASSERT_TRUE(ok(remain));
    EXPECT_TRUE(*remain) << injection.fault->name << ": " << to_text(tasks);
}

// Where the guest still answers: a fault whose tasks can be counted, or that SIGKILL ends.
void expect_kill_does_what_the_table_says(lab::Guest& guest, const Injection& injection) {
    if (injection.programs.empty()) return;
    if (injection.fault->kill == Kill::ENDS_IT) return expect_all_end(guest, injection);
    for (const Evidence& evidence : injection.fault->symptom) {
        if (evidence.sign == Sign::TASKS) expect_tasks_stay(guest, injection, evidence);
    }
}

void show(lab::Guest& guest, const Fault& fault) {
    const auto injection = inject(guest, fault);
    ASSERT_TRUE(ok(injection)) << fault.name;
    ASSERT_TRUE(ok(wait_for_symptom(guest, *injection)));
    const std::chrono::duration<double> took = lab::Clock::now() - injection->at;
    std::printf("%s: seen after %.1f s\n", fault.name, took.count());
    expect_kill_does_what_the_table_says(guest, *injection);
}

struct OwnCase {
    const char* kernel;
    const Fault* fault;
};

class FaultOfItsOwn : public ::testing::TestWithParam<OwnCase> {};

TEST_P(FaultOfItsOwn, ShowsItsSymptom) {
    const auto& [kernel, fault] = GetParam();
    GuestUnderTest guest(guest_for(*fault, kernel));
    ASSERT_TRUE(guest.is_up());
    show(*guest, *fault);
}

std::vector<OwnCase> own_cases() {
    std::vector<OwnCase> cases;
    for (const Fault& fault : all()) {
        if (fault.boot != Boot::OWN) continue;
        for (const char* kernel : KERNELS) cases.push_back({kernel, &fault});
    }
    return cases;
}

INSTANTIATE_TEST_SUITE_P(Fault, FaultOfItsOwn, ::testing::ValuesIn(own_cases()),
                         [](const auto& info) {
                             return std::string(info.param.fault->name) + "_on_" +
                                    word(info.param.kernel);
                         });

// Those that leave a guest as they found it take turns in one.
class FaultsInTurn : public ::testing::TestWithParam<std::tuple<const char*, Kind>> {};

TEST_P(FaultsInTurn, ShowTheirSymptoms) {
    const auto [kernel, kind] = GetParam();
    std::optional<GuestUnderTest> guest;
    for (const Fault& fault : all()) {
        if (fault.boot != Boot::SHARED || fault.kind != kind) continue;
        if (!guest) guest.emplace(guest_for(fault, kernel));
        ASSERT_TRUE(guest->is_up());
        show(**guest, fault);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultsInTurn,
                         ::testing::Combine(::testing::ValuesIn(KERNELS),
                                            ::testing::Values(Kind::PROCESS, Kind::HEALTHY)),
                         [](const auto& info) {
                             return std::string(std::get<1>(info.param) == Kind::PROCESS
                                                    ? "processes_on_"
                                                    : "healthy_loads_on_") +
                                    word(std::get<0>(info.param));
                         });

TEST(SignalsVictim, ReportsWhatItGets) {
    const Fault& fault = *find("signals");
    GuestUnderTest guest(guest_for(fault, "6.12"));
    ASSERT_TRUE(guest.is_up());
    const auto injection = inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    ASSERT_TRUE(ok(wait_for_symptom(*guest, *injection)));
    const pid_t pid = injection->programs[0];
    for (const int number : {SIGTERM, SIGUSR1, SIGCONT}) {
        ASSERT_TRUE(ok(guest->signal(pid, number)));
        const std::string line = "got signal " + std::to_string(number) + "\n";
        EXPECT_TRUE(ok(guest->wait_for(
            line, [&] { return guest->state_of(pid)->out.contains(line); }, lab::Guest::PATIENCE)));
    }
}

class EveryKernel : public ::testing::TestWithParam<std::string_view> {};

// Warnings are errors in the module's Kbuild; modpost's are, too (build_module).
TEST_P(EveryKernel, TakesTheModule) {
    const auto kernel = lab::find_kernel(GetParam());
    ASSERT_TRUE(ok(kernel));
    EXPECT_TRUE(ok(module_for(*kernel)));
}

INSTANTIATE_TEST_SUITE_P(Module, EveryKernel, ::testing::ValuesIn(lab::kernel_names()),
                         [](const auto& info) { return word(std::string(info.param)); });

}  // namespace
}  // namespace defib::faults
