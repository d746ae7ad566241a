// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the hook costs and how soon it answers, by what makes a CPU look: a row of a table each.
// Idle: nobody asks, and no CPU does anything. Interrupts off: one CPU spins on a leaked lock
// (fault f1b), which ends by a RELEASE. Requests come one at a time at any moment of the period, as
// one that follows the last answer at once would always wait for a whole one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <regex>
#include <thread>

#include "tests/faults/inject.h"
#include "tests/hook/hooked_guest.h"
#include "tests/hook/spent.h"

namespace {

using namespace defib;
using namespace std::chrono_literals;
using hook_test::HookedGuest;
using hook_test::Spent;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr auto IDLE_TIME = 10s;
constexpr auto PATIENCE = 60s;
constexpr uint32_t SPINNER = 1;  // the CPU that spins

struct Options {
    std::string kernel = "6.12";
    unsigned requests = 400;
    bool hpet = false;
};

struct Latency {
    std::vector<double> us;
    std::string sources;  // that answered
};

// One at a time, to that CPU.
Result<Latency> ask_many(HookedGuest& hooked, uint32_t cpu, unsigned count,
                         std::chrono::microseconds period) {
    std::minstd_rand random(1);
    std::uniform_int_distribution<int64_t> any(0, 2 * period.count());
    boot::Hook& hook = hooked.hook();
    Latency latency;
    for (unsigned i = 0; i < count; i++) {
        std::this_thread::sleep_for(std::chrono::microseconds(any(random)));
        const auto start = Clock::now();
        const auto slot = hook.post({.kind = DEFIB_HOOK_NOTHING, .cpu = cpu, .attempts = 10'000});
        if (!slot) return std::unexpected(slot.error());
        std::optional<DefibHookAnswer> answer;
        while (!(answer = hook.answer(*slot))) {
            if (Clock::now() - start > PATIENCE) {
                return fail(DEFIB_ERROR_HOOK_NO_ANSWER, "figures", "none in a minute");
            }
            std::this_thread::sleep_for(20us);
        }
        latency.us.push_back(Micros(Clock::now() - start).count());
        const char* source = hook_test::name_of_source(answer->flags);
        if (!latency.sources.contains(source)) {
            latency.sources += (latency.sources.empty() ? "" : ", ") + std::string(source);
        }
    }
    std::ranges::sort(latency.us);
    return latency;
}

void print(const char* machine, std::chrono::microseconds period, const Latency& latency,
           double look_us) {
    const auto& us = latency.us;
    fmt::print("| {} | {:.0f} | {} | {:.1f} | {:.2f} | {:.2f} | {:.2f} |\n", machine,
               1e6 / static_cast<double>(period.count()), latency.sources, look_us,
               us[us.size() / 2] / 1e3, us[us.size() * 99 / 100] / 1e3, us.back() / 1e3);
}

// Both periods: what the module does by itself, and what an engine may ask for.
Result<void> measure(HookedGuest& hooked, const char* machine, uint32_t cpu,
                     const Options& options) {
    for (const auto period : {10'000us, 1'000us}) {
        hooked.hook().set_period(period == 1'000us ? period : 0us);
        const Spent before = hook_test::spent_by(hooked.hook(), cpu);
        const auto latency = ask_many(hooked, cpu, options.requests, period);
        if (!latency) return std::unexpected(latency.error());
        const Spent during = hook_test::spent_by(hooked.hook(), cpu) - before;
        print(machine, period, *latency, during.us_each());
    }
    hooked.hook().set_period(0us);
    return {};
}

void measure_idle(HookedGuest& hooked, const char* sources) {
    const Spent before = hook_test::spent(hooked.hook());
    std::this_thread::sleep_for(IDLE_TIME);
    const Spent idle = hook_test::spent(hooked.hook()) - before;
    const auto used = static_cast<double>(idle.nanoseconds);
    const double all_ns =
        1e9 * std::chrono::duration<double>(IDLE_TIME).count() * hooked.hook().description().cpus;
    fmt::print("| {} | {:.0f} | {:.1f} | {:.3f} % |\n", sources,
               static_cast<double>(idle.looks) / std::chrono::duration<double>(IDLE_TIME).count(),
               idle.us_each(), 100 * used / all_ns);
}

// Where the fault module says that it leaked the lock; a waiter spins on it on SPINNER.
Result<uint64_t> let_one_spin(lab::Guest& guest) {
    const auto module = faults::module_for(guest.kernel());
    if (!module) return std::unexpected(module.error());
    if (auto done = guest.load_module(*module); !done) return std::unexpected(done.error());
    const size_t from = guest.console_size();
    if (auto done = guest.write_file("/sys/module/defib_fault/parameters/f1b", "1"); !done) {
        return std::unexpected(done.error());
    }
    if (auto said = guest.wait_for_console("leaked the lock at ", PATIENCE, from); !said) {
        return std::unexpected(said.error());
    }
    const std::string console = guest.console().substr(from);
    std::smatch found;
    if (!std::regex_search(console, found, std::regex("leaked the lock at ([0-9a-f]+)"))) {
        return fail(DEFIB_ERROR_LAB_REFUSED, "figures", "no lock was leaked");
    }
    return std::stoull(found[1], nullptr, 16);
}

Result<void> wait_until_it_spins(lab::Guest& guest, HookedGuest& hooked) {
    return guest.wait_for(
        "a CPU with interrupts off",
        [&] {
            const auto beat = hooked.hook().beat(SPINNER);
            return beat && (beat->flags & DEFIB_HOOK_IRQS_OFF) != 0 &&
                   (beat->flags & DEFIB_HOOK_SOURCE_TICK) == 0;
        },
        PATIENCE);
}

Result<bool> run(const Options& options) {
    lab::GuestOptions machine = faults::guest_for(*faults::find("f1b"), options.kernel);
    machine.hpet_nmi = options.hpet;
    auto guest = lab::Guest::boot(machine);
    if (!guest) return std::unexpected(guest.error());
    auto hooked = HookedGuest::load(*guest, options.hpet ? "hpet=1" : "");
    if (!hooked) return std::unexpected(hooked.error());
    fmt::print("{}, {} CPUs, sources: {}\n\n", guest->kernel().release, machine.cpus,
               hook_test::names_of_sources(hooked->hook().description().sources));
    fmt::print(
        "| idle, sources | looks a second, all CPUs | us each | of a CPU |\n"
        "| --- | --- | --- | --- |\n");
    measure_idle(*hooked, options.hpet ? "HPET, tick, ring" : "tick, ring");
    fmt::print(
        "\n| a CPU that | looks a second | answered by | us a look | median ms | 99 % | longest |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    if (auto done = measure(*hooked, "idles", SPINNER, options); !done) {
        return std::unexpected(done.error());
    }
    const auto lock = let_one_spin(*guest);
    if (!lock) return std::unexpected(lock.error());
    if (auto spins = wait_until_it_spins(*guest, *hooked); !spins) {
        return std::unexpected(spins.error());
    }
    if (auto done = measure(*hooked, "spins, interrupts off", SPINNER, options); !done) {
        return std::unexpected(done.error());
    }
    const uint32_t status =
        hooked->ask({.kind = DEFIB_HOOK_RELEASE, .cpu = SPINNER, .arguments = {*lock, 1, 0xff}});
    if (status != DEFIB_HOOK_STATUS_DONE) {
        return fail(DEFIB_ERROR_LAB_REFUSED, "figures", boot::text_of_hook_status(status));
    }
    return guest->alive(lab::Guest::PATIENCE);
}

}  // namespace

int main(int count, char** words) {
    CLI::App app("What the hook costs and how soon it answers", "defib-hook-figures");
    Options options;
    app.add_option("--kernel", options.kernel, "of the lab")->capture_default_str();
    app.add_option("--requests", options.requests, "of each row")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
    app.add_flag("--hpet", options.hpet, "NMIs from the HPET too");
    CLI11_PARSE(app, count, words);
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
    const auto is_well = run(options);
    if (!is_well) {
        fmt::print(stderr, "{}\n", to_line(is_well.error()));
        return exit_status(is_well.error().code);
    }
    return *is_well ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}
