// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the loop costs: the way of a command and its answer, the bus while nothing is asked, and the
// processor time of the process that holds it.
#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <thread>

#include "tests/gpu/limits.h"
#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

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

Result<void> measure(Suite& suite, lab::Guest& guest) {
    double raw_us = 0;
    if (suite.backend.backend == boot::Backend::cuda) {
        const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
        if (!claim) return std::unexpected(claim.error());
        const auto limits = Limits::start(*claim);
        if (!limits) return std::unexpected(limits.error());
        raw_us = limits->round_trip_us().value_or(0);
    }
    auto session = open(suite, guest.ram_file(), suite.backend.backend);
    if (!session) return std::unexpected(session.error());
    DefibAnswer answer{};
    std::vector<double> all_us;
    for (int i = 0; i < 2000; i++) all_us.push_back(ask_us(**session, {}, answer));
    suite.add("mailbox round trip", fmt::format("{:.1f} us", median(all_us)),
              fmt::format("a flag there and back: {:.1f} us", raw_us));

    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    all_us.clear();
    for (int i = 0; i < 20; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        all_us.push_back(ask_us(**session, {}, answer));
    }
    suite.add("the same after 5 ms of rest", fmt::format("{:.1f} us", median(all_us)));

    const double cpu_before = cpu_seconds();
    const auto beats_before = (*session)->engine().heartbeat();
    const auto begun = std::chrono::steady_clock::now();
    bool turns = true;
    uint64_t last = beats_before.value_or(0);
    for (auto at = begun; at < begun + suite.idle;) {
        at += std::chrono::seconds(1);
        std::this_thread::sleep_until(at);
        const uint64_t now = (*session)->engine().heartbeat().value_or(last);
        turns = turns && (now > last || suite.backend.backend != boot::Backend::cuda);
        last = now;
    }
    const double cpu = cpu_seconds() - cpu_before;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double beats = static_cast<double>(last - beats_before.value_or(0)) / seconds;
    suite.check(fmt::format("the loop turned in each of {:.0f} s", seconds), turns);
    suite.add(fmt::format("processor time of the host process in {:.0f} s", seconds),
              fmt::format("{:.1f} ms", cpu * 1000), "one look a second at the heartbeat");
    // A turn reads one word and writes one; a transaction carries 32 bytes.
    suite.add("the idle loop's traffic on the bus",
              fmt::format("{:.2f} MB/s read, {:.2f} written", beats * 32 / 1e6, beats * 32 / 1e6),
              fmt::format("{:.0f} turns a second, 32 bytes each way{}", beats, bus_counters()));
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
