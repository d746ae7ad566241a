// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How fast one warp goes, on memory that stands still: the same plan again and again, never
// committed, so that what a plan costs first and what it costs later can be told apart, and how
// much of it is the bus.
#include <fmt/format.h>
#include <signal.h>

#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

constexpr int TIMES = 200;

Result<void> pace(Suite& suite, lab::Guest& guest) {
    const auto pid = guest.start({"sleep", "100000"});
    if (!pid) return std::unexpected(pid.error());
    if (auto done = guest.qmp("stop"); !done) return std::unexpected(done.error());
    auto session = open(suite, guest.ram_file(), suite.backend.backend);
    if (!session) return std::unexpected(session.error());
    for (const int number : {SIGKILL, SIGTERM}) {
        const auto command = signal_command(**session, *pid, number);
        if (!command) return std::unexpected(command.error());
        DefibAnswer answer{};
        std::vector<double> all_us;
        all_us.reserve(TIMES);
        for (int i = 0; i < TIMES; i++) all_us.push_back(ask_us(**session, *command, answer));
        suite.add(fmt::format("signal {} planned for a sleeper, and its wake-up, {} times", number,
                              TIMES),
                  fmt::format("{:.0f} us", median(all_us)),
                  fmt::format("the first {:.0f}, the second {:.0f}; outcome {}, death {}",
                              all_us[0], all_us[1], answer.outcome, answer.death));
    }
    tell_figures(suite, **session);
    return {};
}

}  // namespace

void measure_paces(Suite& suite) {
    auto guest = lab::Guest::boot({.kernel = suite.kernel});
    if (!guest) return suite.fail_with("a guest", guest.error());
    if (const auto done = pace(suite, *guest); !done) suite.fail_with("paces", done.error());
}

}  // namespace defib::gpu
