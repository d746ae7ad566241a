// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/engine_stat.h"

#include <fmt/format.h>

#include <time.h>

#include "boot/backend/engine_state.h"
#include "boot/commands/observer.h"
#include "boot/session/statistics.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;

void sleep_until(uint64_t until_ns) {
    const timespec until{static_cast<time_t>(until_ns / NS_A_SECOND),
                         static_cast<long>(until_ns % NS_A_SECOND)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void print_row(const Figure& figure) {
    fmt::print("{:<30} {:>9} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>8.0f}\n", figure.what,
               figure.count, figure.mean_us, figure.median_us, figure.p99_us, figure.most_us,
               figure.reads);
}

void print_table(const std::string& engine, const EngineFigures& figures) {
    fmt::print("{}: {} turns in {:.1f} s\n", engine, figures.turns, figures.seconds);
    fmt::print("{:<30} {:>9} {:>10} {:>10} {:>10} {:>10} {:>8}\n", "MICROSECONDS", "TIMES", "MEAN",
               "MEDIAN", "P99", "MOST", "READS");
    for (const Figure& figure : figures.loop) print_row(figure);
    for (const Figure& figure : figures.detectors) print_row(figure);
}

}  // namespace

Result<int> show_engine(const LookArguments& arguments, uint32_t seconds) {
    auto session = open_session(arguments);
    if (!session) return std::unexpected(session.error());
    if ((*session)->target().kind() != TargetKind::vm) {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, arguments.target,
                    "a dump does not run, and no detector with it",
                    "defib stat without --engine looks at it");
    }
    auto guard = start_observer(**session);
    if (!guard) return std::unexpected(guard.error());
    const uint64_t end_ns = now_ns() + seconds * NS_A_SECOND;
    const auto ended = (*guard)->run([](const auto&, uint64_t) {},
                                     [end_ns](uint64_t until_ns) {
                                         sleep_until(std::min(until_ns, end_ns));
                                         return now_ns() >= end_ns;
                                     });
    if (!ended) return std::unexpected(ended.error());
    const auto& figures = (*guard)->figures();
    if (!figures) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, (*session)->engine().name(), "it tells no figures");
    }
    if (arguments.is_json) {
        auto json = json_of(**session);
        json["engine"] = (*session)->engine().name();
        json.update(json_of(*figures));
        print_json(json);
    } else {
        print_table((*session)->engine().name(), *figures);
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace defib::boot
