// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the loop costs: the way of a command and its answer, the bus while nothing is asked, and the
// processor time of the process that holds it.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

#include "boot/backend/engine_state.h"
#include "tests/gpu/limits.h"
#include "tests/gpu/suite.h"
#include "tests/gpu/threads.h"

namespace defib::gpu {
namespace {

// What the card's own counters say, where the driver's tool can read them: "1 MB/s in, 0 out".
std::string bus_counters() {
    FILE* tool = popen("nvidia-smi dmon -s t -c 3 2>/dev/null | tail -n 1", "r");
    if (tool == nullptr) return {};
    std::array<char, 256> line{};
    const bool has_line = std::fgets(line.data(), line.size(), tool) != nullptr;
    pclose(tool);
    int card = 0;
    int in = 0;
    int out = 0;
    // NOLINTNEXTLINE(cert-err34-c): a line of another form is no answer
    if (!has_line || std::sscanf(line.data(), "%d %d %d", &card, &in, &out) != 3) return {};
    return fmt::format("; the card counts {} MB/s in, {} out", in, out);
}

// The clock too: the driver may run a card that has little to do slowly.
void tell_paces(Suite& suite, const std::vector<LimitsPace>& paces) {
    constexpr std::array<const char*, LIMITS_PACES> NAMES = {
        "a multiplication and addition of 64 bits",
        "a load of its own memory",
        "a store there and a load",
        "a load that all multiprocessors agree on",
        "a store onto the stack and a load",
        "a fence among multiprocessors",
        "the time of day",
        "a load of the host's memory",
        "a store there and a fence"};
    for (size_t i = 0; i < paces.size(); i++) {
        const LimitsPace& pace = paces[i];
        const auto ns = static_cast<double>(pace.ns);
        const auto cycles = static_cast<double>(pace.cycles);
        suite.add(fmt::format("one thread: {}", NAMES[i]),
                  fmt::format("{:.0f} ns", ns / LIMITS_STEPS),
                  fmt::format("{:.0f} cycles of {:.0f} MHz", cycles / LIMITS_STEPS,
                              ns > 0 ? cycles * 1e3 / ns : 0));
    }
}

std::string clocks() {
    FILE* tool = popen(
        "nvidia-smi --query-gpu=clocks.sm,clocks.mem,pstate --format=csv,noheader "
        "2>/dev/null | head -n 1",
        "r");
    if (tool == nullptr) return {};
    std::array<char, 256> line{};
    const bool has_line = std::fgets(line.data(), line.size(), tool) != nullptr;
    pclose(tool);
    const std::string text = has_line ? line.data() : "";
    return text.substr(0, text.find('\n'));
}

struct Idle {
    double seconds = 0;
    bool turns = true;  // in each second
    double beats = 0;   // a second
    ThreadCosts costs;
};

// As the process of `defib run` does it while nothing happens: a look when the engine wants one.
Idle look_on(const Suite& suite, boot::Engine& engine) {
    using Clock = std::chrono::steady_clock;
    Idle idle;
    const auto begun = Clock::now();
    const uint64_t first = engine.heartbeat().value_or(0);
    uint64_t last = first;
    const ThreadCosts before = thread_costs(getpid());
    while (Clock::now() < begun + suite.idle) {
        const auto tended = engine.tend();
        idle.turns = idle.turns && tended.has_value() && !tended->has_stopped;
        const uint64_t now = boot::now_ns();
        if (!tended || tended->again_ns <= now) continue;
        std::this_thread::sleep_for(std::chrono::nanoseconds(tended->again_ns - now));
    }
    idle.costs = between(before, thread_costs(getpid()));
    last = engine.heartbeat().value_or(last);
    idle.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    idle.beats = static_cast<double>(last - first) / idle.seconds;
    idle.turns = idle.turns && last > first;
    return idle;
}

Result<void> measure(Suite& suite, lab::Guest& guest) {
    double raw_us = 0;
    if (suite.backend.backend == boot::Backend::cuda) {
        const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
        if (!claim) return std::unexpected(claim.error());
        const auto limits = Limits::start(*claim);
        if (!limits) return std::unexpected(limits.error());
        raw_us = limits->round_trip_us().value_or(0);
        tell_paces(suite, limits->paces().value_or(std::vector<LimitsPace>()));
    }
    auto session = open(suite, guest.ram_file(), suite.backend.backend);
    if (!session) return std::unexpected(session.error());
    DefibAnswer answer{};
    constexpr int TRIPS = 2000;
    std::vector<double> all_us;
    all_us.reserve(TRIPS);
    for (int i = 0; i < TRIPS; i++) all_us.push_back(ask_us(**session, {}, answer));
    suite.add("mailbox round trip", fmt::format("{:.1f} us", median(all_us)),
              fmt::format("a flag there and back: {:.1f} us", raw_us));

    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    all_us.clear();
    for (int i = 0; i < 20; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        all_us.push_back(ask_us(**session, {}, answer));
    }
    suite.add("the same after 5 ms of rest", fmt::format("{:.1f} us", median(all_us)));

    const Idle idle = look_on(suite, (*session)->engine());
    suite.check(fmt::format("the loop turned in each of {:.0f} s", idle.seconds), idle.turns,
                clocks());
    suite.add(
        fmt::format("processor time of the host process in {:.0f} s, looking on as `run` does",
                    idle.seconds),
        fmt::format("{:.1f} ms", total_ms(idle.costs)), "its own and the driver's threads");
    for (const auto& [id, cost] : idle.costs) {
        suite.add(
            fmt::format("- thread {}{}", cost.name, id == getpid() ? ", the program's own" : ""),
            fmt::format("{:.1f} ms, {} sleeps", cost.cpu_ms, cost.sleeps), cost.waits_for);
    }
    // A turn reads one word and writes one; a transaction carries 32 bytes.
    suite.add(
        "the idle loop's traffic on the bus",
        fmt::format("{:.2f} MB/s read, {:.2f} written", idle.beats * 32 / 1e6,
                    idle.beats * 32 / 1e6),
        fmt::format("{:.0f} turns a second, 32 bytes each way{}", idle.beats, bus_counters()));
    return {};
}

}  // namespace

void measure_mailbox(Suite& suite) {
    auto guest = lab::Guest::boot({.kernel = suite.kernel});
    if (!guest) return suite.fail_with("a guest", guest.error());
    if (const auto done = measure(suite, *guest); !done) {
        suite.fail_with("the mailbox", done.error());
    }
}

}  // namespace defib::gpu
