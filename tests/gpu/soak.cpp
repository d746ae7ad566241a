// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop with all detectors on, beside a thousand processes and others that come and go: what a
// turn takes, whether that grows, and whether anything is found where nothing is wrong.
#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "boot/backend/engine_state.h"
#include "boot/session/guard.h"
#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"
#include "tests/faults/inject.h"
#include "tests/gpu/suite.h"
#include "tests/gpu/threads.h"

namespace defib::gpu {
namespace {

constexpr int STRETCHES = 5;

// The mean of what came between two looks.
double mean_between(const boot::Figure& one, const boot::Figure& other) {
    const auto count = static_cast<double>(other.count) - static_cast<double>(one.count);
    const double total = other.mean_us * static_cast<double>(other.count) -
                         one.mean_us * static_cast<double>(one.count);
    return count > 0 ? total / count : 0;
}

void tell(Suite& suite, const std::vector<boot::EngineFigures>& looks, std::chrono::seconds time) {
    const boot::EngineFigures& last = looks.back();
    for (const auto& figure : last.loop) {
        if (figure.count == 0) continue;
        suite.add("soak: " + figure.what, fmt::format("{:.1f} us (median)", figure.median_us),
                  fmt::format("mean {:.1f}, p99 {:.1f}, most {:.1f}, {} times", figure.mean_us,
                              figure.p99_us, figure.most_us, figure.count));
    }
    for (const auto& figure : last.detectors) {
        suite.add("soak: detector " + figure.what,
                  fmt::format("{:.1f} us (median)", figure.median_us),
                  fmt::format("p99 {:.1f}, most {:.1f}, {} times, {:.0f} reads each", figure.p99_us,
                              figure.most_us, figure.count, figure.reads));
    }
    std::string means;
    for (size_t i = 1; i < looks.size(); i++) {
        means += fmt::format("{}{:.1f}", i == 1 ? "" : ", ",
                             mean_between(looks[i - 1].loop[0], looks[i].loop[0]));
    }
    suite.add(fmt::format("soak: a turn's mean in each fifth of {} s", time.count()),
              means + " us");
}

Result<void> soak(Suite& suite, lab::Guest& guest) {
    if (auto done = bring_faults(suite, guest); !done) return done;
    if (auto crowd = guest.start({"/bin/victim", "crowd-asleep", "1000"}); !crowd) {
        return std::unexpected(crowd.error());
    }
    // A crowd that is still growing is a fork bomb.
    const auto is_there = [&] {
        const auto count = guest.run({"sh", "-c", "ls -d /proc/[0-9]* | wc -l"});
        return count && std::stoul("0" + count->out) > 1000;
    };
    if (auto up = guest.wait_for("the crowd", is_there, std::chrono::minutes(1)); !up) return up;
    auto load = faults::inject(guest, "compile");
    if (!load) return std::unexpected(load.error());
    auto session = open(suite, guest.ram_file(), suite.backend.backend, boot::Access::act);
    if (!session) return std::unexpected(session.error());
    const auto words = boot::vocabulary_of((*session)->manifest(), boot::routine_set().manifest,
                                           &(*session)->bound());
    const auto policy =
        image::compile_whole_policy(image::default_policy(), "the default policy", words);
    if (!policy) return std::unexpected(policy.error());
    auto guard = boot::Guard::start(**session, policy->table);
    if (!guard) return std::unexpected(guard.error());

    const uint64_t stretch_ns =
        static_cast<uint64_t>(std::chrono::nanoseconds(suite.soak).count()) / STRETCHES;
    uint64_t look_at = boot::now_ns();
    std::vector<boot::EngineFigures> looks;
    std::string trouble;
    int findings = 0;
    const ThreadCosts before = thread_costs(getpid());
    const auto ended = (*guard)->run(
        [&](const DefibJournalEntry& entry, uint64_t) {
            findings += entry.kind == DEFIB_JOURNAL_OPENED ? 1 : 0;
            if (entry.kind == DEFIB_JOURNAL_DETECTOR_DIED || entry.kind == DEFIB_JOURNAL_RESTARTED)
                trouble +=
                    fmt::format("kind {} of {}: {}; ", entry.kind, entry.subject, entry.values[0]);
        },
        [&](uint64_t until_ns) {
            if (boot::now_ns() >= look_at) {
                if (auto figures = boot::figures_of(**session)) looks.push_back(*figures);
                look_at += stretch_ns;
            }
            const uint64_t until = std::min(until_ns, look_at);
            const uint64_t now = boot::now_ns();
            if (until > now) std::this_thread::sleep_for(std::chrono::nanoseconds(until - now));
            return looks.size() > STRETCHES;
        });
    if (!ended) return std::unexpected(ended.error());
    const ThreadCosts costs = between(before, thread_costs(getpid()));
    suite.check(
        fmt::format("a soak of {} s: 1000 processes and churn, all detectors, no finding",
                    suite.soak.count()),
        findings == 0 && looks.size() > STRETCHES && guest.alive(std::chrono::seconds(10)),
        fmt::format("{} findings; {}", findings, trouble.empty() ? "no detector died" : trouble));
    suite.add("soak: processor time of the host process",
              fmt::format("{:.1f} ms", total_ms(costs)));
    for (const auto& [id, cost] : costs) {
        suite.add("- thread " + cost.name,
                  fmt::format("{:.1f} ms, {} sleeps", cost.cpu_ms, cost.sleeps), cost.waits_for);
    }
    if (looks.size() > STRETCHES) tell(suite, looks, suite.soak);
    return {};
}

}  // namespace

void run_soak(Suite& suite) {
    auto options = faults::guest_for(*faults::find("compile"), suite.kernel);
    options.cpus = 4;
    options.ram_megabytes = 1024;
    auto guest = lab::Guest::boot(options);
    if (!guest) return suite.fail_with("a guest", guest.error());
    if (const auto done = soak(suite, *guest); !done) suite.fail_with("the soak", done.error());
}

}  // namespace defib::gpu
