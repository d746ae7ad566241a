// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib run` with the policy that comes along, beside guests that carry the hook and whose CPUs
// spin with interrupts off: a lock that was leaked is found by their beats and released by one of
// them; one that somebody holds is left alone, and so is everything where no hook is.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <regex>

#include "tests/faults/symptom.h"
#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/under_test.h"
#include "tests/recover/defib_run.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::GuestUnderTest;
using lab::ok;
using recover::DefibRun;
using recover::Event;

constexpr auto PATIENCE = 120s;
// How long what must not happen is waited for: a finding needs a second, a repair less.
constexpr auto LONG_ENOUGH = 8s;
constexpr auto STRIKES = 200ms;  // after the injection: tests/faults/module

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

// A guest with `defib run` beside it.
class Guarded {
  public:
    enum class Hook : uint8_t { none, ring, hpet };

    Guarded(const char* fault, const std::string& kernel, Hook hook)
        : guest_(options_for(fault, kernel, hook)) {
        if (!guest_.is_up()) return;
        if (hook != Hook::none && !bring_hook(hook)) return;
        const auto brought = faults::prepare(*guest_, *faults::find(fault));
        EXPECT_TRUE(ok(brought));
        auto run = DefibRun::start(DEFIB_PROGRAM, guest_->ram_file());
        EXPECT_TRUE(ok(run));
        if (!brought || !run) return;
        run_ = std::move(*run);
        const char* ready = hook == Hook::none ? "started" : "hook";
        if (!says([&](const Event& event) { return event.is(ready); })) return;
        const auto injection = faults::inject(*guest_, fault);
        EXPECT_TRUE(ok(injection));
        if (injection) injection_ = *injection;
    }

    bool has_struck() const { return injection_.has_value(); }
    bool says(const std::function<bool(const Event&)>& is_wanted) const {
        const bool found = run_->wait_for(is_wanted, PATIENCE);
        EXPECT_TRUE(found) << run_->to_text();
        return found;
    }
    bool finds(const char* fault) const {
        return says([&](const Event& event) {
            return event.is("finding") && event.text("fault") == fault;
        });
    }
    int count(const char* kind) const {
        int count = 0;
        for (const Event& event : run_->events()) count += event.is(kind) ? 1 : 0;
        return count;
    }
    int waiters_through() {
        const std::string said = guest_->console().substr(injection_->console_from);
        const std::regex line("a waiter got the lock");
        return static_cast<int>(
            std::distance(std::sregex_iterator(said.begin(), said.end(), line), {}));
    }
    double seconds_since_it_struck(const Event& event) const {
        return std::chrono::duration<double>(event.at() - injection_->at - STRIKES).count();
    }

    lab::Guest& guest() { return *guest_; }
    DefibRun& run() { return *run_; }

  private:
    static lab::GuestOptions options_for(const char* fault, const std::string& kernel, Hook hook) {
        lab::GuestOptions options = faults::guest_for(*faults::find(fault), kernel);
        options.hpet_nmi = hook == Hook::hpet;
        return options;
    }
    bool bring_hook(Hook hook) {
        const auto module = hook_module(guest_->kernel());
        EXPECT_TRUE(ok(module));
        if (!module) return false;
        const auto loaded = guest_->load_module(*module, hook == Hook::hpet ? "hpet=1" : "");
        EXPECT_TRUE(ok(loaded));
        return loaded.has_value();
    }

    GuestUnderTest guest_;
    std::unique_ptr<DefibRun> run_;
    std::optional<faults::Injection> injection_;
};

void expect_released(Guarded& guarded, int waiters) {
    ASSERT_TRUE(guarded.has_struck());
    EXPECT_TRUE(guarded.finds("spinlock_leaked"));
    EXPECT_TRUE(guarded.says([&](const Event& event) {
        const bool is_it = event.is("answered") && event.text("routine") == "unlock" &&
                           event.text("text").find(": done") != std::string::npos;
        if (is_it) {
            std::cout << "released " << guarded.seconds_since_it_struck(event)
                      << " s after it struck\n";
        }
        return is_it;
    }));
    EXPECT_TRUE(ok(guarded.guest().wait_for(
        "every waiter to get the lock", [&] { return guarded.waiters_through() == waiters; },
        PATIENCE)))
        << guarded.run().to_text();
    EXPECT_TRUE(guarded.says([](const Event& event) { return event.is("over"); }));
    EXPECT_TRUE(guarded.guest().alive(PATIENCE));
    // One request, and no store.
    EXPECT_EQ(guarded.count("asked"), 1) << guarded.run().to_text();
    EXPECT_EQ(guarded.count("stored"), 0) << guarded.run().to_text();
    EXPECT_EQ(guarded.run().stop(PATIENCE), 0);
}

TEST_P(EachKernel, ALockThatAllCpusWaitForUnseenIsReleased) {
    for (const char* fault : {"f1b", "f1b_queue"}) {
        SCOPED_TRACE(fault);
        Guarded guarded(fault, GetParam(), Guarded::Hook::hpet);
        expect_released(guarded, static_cast<int>(faults::find(fault)->guest.cpus));
    }
}

// The others reach them by NMI, until these stand behind them too.
TEST_P(EachKernel, ALockThatSomeCpusWaitForUnseenIsReleased) {
    for (const auto hook : {Guarded::Hook::ring, Guarded::Hook::hpet}) {
        SCOPED_TRACE(hook == Guarded::Hook::ring ? "ring" : "hpet");
        Guarded guarded("f1b_some", GetParam(), hook);
        expect_released(guarded, static_cast<int>(faults::find("f1b_some")->number));
    }
}

void expect_only_said(Guarded& guarded, const char* finding) {
    ASSERT_TRUE(guarded.has_struck());
    EXPECT_TRUE(guarded.finds(finding));
    EXPECT_FALSE(guarded.run().wait_for(
        [](const Event& event) { return event.is("asked") || event.is("stored"); }, LONG_ENOUGH))
        << guarded.run().to_text();
    EXPECT_EQ(guarded.waiters_through(), 0);
    const std::string said = guarded.guest().console();
    EXPECT_EQ(said.find("two CPUs passed each other's lock"), std::string::npos);
    EXPECT_EQ(said.find("a waiter got a lock that is held"), std::string::npos);
    EXPECT_EQ(guarded.run().stop(PATIENCE), 0);
}

TEST_P(EachKernel, ALockThatSomebodyHoldsIsLeftAlone) {
    for (const auto& [fault, finding] : {std::pair{"f1d", "spinlock_held"},
                                         {"f1d_irqs_off", "spinlock_held"},
                                         {"f1e", "spinlock_held"},
                                         {"f5", "spinlock_sleeper"}}) {
        SCOPED_TRACE(fault);
        Guarded guarded(fault, GetParam(), Guarded::Hook::hpet);
        expect_only_said(guarded, finding);
    }
}

// Half of the CPUs wait, with interrupts on, and the machine goes on.
TEST_P(EachKernel, ALockThatDoesNotStopTheMachineIsLeftAlone) {
    Guarded guarded("f1c", GetParam(), Guarded::Hook::hpet);
    expect_only_said(guarded, "spinlock_leaked");
}

TEST_P(EachKernel, WithoutAHookItIsOnlySaid) {
    for (const char* fault : {"f1b", "f1b_some"}) {
        SCOPED_TRACE(fault);
        Guarded guarded(fault, GetParam(), Guarded::Hook::none);
        expect_only_said(guarded, "interrupts_dead");
    }
}

}  // namespace
}  // namespace defib::hook_test
