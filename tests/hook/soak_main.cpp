// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What takes too long for a test: a million forged requests, a thousand requests a second for ten
// minutes beside a heavy load, and what an idle machine with the hook in it costs its host. Prints
// one line each; ends with 1 if a request was lost or the kernel complained.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "tests/faults/inject.h"
#include "tests/hook/forge.h"
#include "tests/hook/hooked_guest.h"
#include "tests/hook/spent.h"

namespace {

using namespace defib;
using namespace std::chrono_literals;
using hook_test::HookedGuest;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::microseconds;

struct Options {
    std::string kernel = "6.12";
    uint64_t forged = 1'000'000;
    unsigned seconds = 600;
    unsigned rate = 1000;
    bool hpet = false;
};

constexpr auto TIME = 10s;

// What an idle guest costs its host, the emulation of timers and interrupts included: the processor
// time of its virtual machine, in seconds.
double used_by(pid_t qemu) {
    std::ifstream file(fmt::format("/proc/{}/stat", qemu));
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    std::istringstream words(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
    std::string word;
    double ticks = 0;
    // utime and stime are the 12th and 13th behind the name.
    for (int i = 1; i <= 13 && words >> word; i++) {
        if (i >= 12) ticks += std::stod(word);
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void measure_machine(pid_t qemu, const char* what) {
    const double before = used_by(qemu);
    std::this_thread::sleep_for(TIME);
    fmt::print("the idle machine {}: {:.2f} s of the host's processors in 10 s\n", what,
               used_by(qemu) - before);
}

struct Load {
    uint64_t posted = 0;
    uint64_t answered = 0;
    uint64_t late = 0;  // no slot was free when one was due
    std::map<std::string, std::vector<double>> latency_us;
};

// One request each 1/rate seconds; every answer is looked for all the time.
Load run_load(HookedGuest& hooked, const Options& options) {
    boot::Hook& hook = hooked.hook();
    Load load;
    std::array<std::optional<Clock::time_point>, DEFIB_HOOK_SLOTS> waiting;
    const auto start = Clock::now();
    const auto end = start + std::chrono::seconds(options.seconds);
    const auto give_up = end + 60s;
    for (;;) {
        const auto now = Clock::now();
        for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
            if (!waiting[slot]) continue;
            const auto answer = hook.answer(slot);
            if (!answer) continue;
            load.answered++;
            load.latency_us[hook_test::name_of_source(answer->flags)].push_back(
                std::chrono::duration<double, std::micro>(now - *waiting[slot]).count());
            waiting[slot].reset();
        }
        const auto due = static_cast<uint64_t>((std::min(now, end) - start) / Micros(1)) *
                         options.rate / 1'000'000;
        while (load.posted + load.late < due) {
            const auto slot = hook.post({.kind = DEFIB_HOOK_NOTHING, .attempts = 1000});
            if (slot) {
                waiting[*slot] = now;
                load.posted++;
            } else {
                load.late++;
            }
        }
        if (now >= end && (load.answered == load.posted || now >= give_up)) return load;
        std::this_thread::sleep_for(100us);
    }
}

void print_load(Load& load, const Options& options) {
    fmt::print("load: {} s at {}/s: {} posted, {} answered, {} not posted as every slot was used\n",
               options.seconds, options.rate, load.posted, load.answered, load.late);
    for (auto& [source, all] : load.latency_us) {
        std::ranges::sort(all);
        fmt::print("  {}: {} answers, microseconds: median {:.0f}, 99 % {:.0f}, longest {:.0f}\n",
                   source, all.size(), all[all.size() / 2], all[all.size() * 99 / 100], all.back());
    }
}

Result<bool> soak(const Options& options) {
    lab::GuestOptions machine = faults::guest_for(*faults::find("stress_cpu"), options.kernel);
    machine.hpet_nmi = options.hpet;
    auto guest = lab::Guest::boot(machine);
    if (!guest) return std::unexpected(guest.error());
    measure_machine(guest->qemu(), "without the hook");
    auto hooked = HookedGuest::load(*guest, options.hpet ? "hpet=1" : "");
    if (!hooked) return std::unexpected(hooked.error());
    measure_machine(guest->qemu(), "with the hook");
    hooked->hook().set_period(1ms);
    const auto started = Clock::now();
    hook_test::forge_requests(hooked->hook(), options.forged, 1);
    hooked->detach();
    if (auto done = hooked->attach(); !done) return std::unexpected(done.error());
    const auto counts = guest->read_file("/sys/class/misc/defib/requests");
    if (!counts) return std::unexpected(counts.error());
    fmt::print("forged: {} in {:.0f} s: {}", options.forged,
               std::chrono::duration<double>(Clock::now() - started).count(), *counts);

    const auto injection = faults::inject(*guest, "stress_cpu");
    if (!injection) return std::unexpected(injection.error());
    hooked->hook().set_period(1ms);
    Load load = run_load(*hooked, options);
    print_load(load, options);
    const auto log = guest->run({"dmesg"}, 300s);
    if (!log) return std::unexpected(log.error());
    bool is_well = load.answered == load.posted;
    for (const char* complaint :
         {"WARNING:", "BUG:", "Oops", "soft lockup", "rcu: INFO:", "unknown reason"}) {
        if (!log->out.contains(complaint)) continue;
        fmt::print("the kernel says: {}\n", complaint);
        is_well = false;
    }
    return is_well;
}

}  // namespace

int main(int count, char** words) {
    CLI::App app("Long runs of the hook in a guest", "defib-hook-soak");
    Options options;
    app.add_option("--kernel", options.kernel, "of the lab")->capture_default_str();
    app.add_option("--forged", options.forged, "requests")->capture_default_str();
    app.add_option("--seconds", options.seconds, "of load")->capture_default_str();
    app.add_option("--rate", options.rate, "requests a second")->capture_default_str();
    app.add_flag("--hpet", options.hpet, "NMIs from the HPET too");
    CLI11_PARSE(app, count, words);
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
    const auto is_well = soak(options);
    if (!is_well) {
        fmt::print(stderr, "{}\n", to_line(is_well.error()));
        return exit_status(is_well.error().code);
    }
    return *is_well ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}
