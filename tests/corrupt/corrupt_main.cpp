// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   defib-corrupt [--trials N] [--kernel K] [--seed S] [--into DOCUMENT]
//
// The corruption trial in its long form: prints what came of it, and puts it into a document
// between its markers, a row for each kernel.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "boot/session/repair.h"
#include "engine/base/file.h"
#include "tests/corrupt/trial.h"

namespace defib::corrupt {
namespace {

struct Arguments {
    std::string kernel = "6.12";
    uint64_t trials = 10'000;
    unsigned words = 64;
    uint64_t seed = 1;
    std::string into;
};

std::string reasons_of(const Outcome& outcome) {
    std::vector<std::pair<uint64_t, uint32_t>> most;
    most.reserve(outcome.deaths.size());
    for (const auto& [death, count] : outcome.deaths) most.emplace_back(count, death);
    std::ranges::sort(most, std::greater());
    most.resize(std::min<size_t>(most.size(), 4));
    std::string text;
    for (const auto& [count, death] : most) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", boot::reason_text(death), count);
    }
    return text;
}

std::string row_of(const std::string& release, const Outcome& one, double took_s) {
    return fmt::format(
        "| {} | {} | {} | {} | {} | {} by themselves, {} of fuel, {} of errors ({}) | {:.0f} ms "
        "(`{}`) | {}, none made | {} | {:.0f} s |",
        release, one.trials, one.spoilt, one.noticed, one.walks, one.to_the_end, one.of_fuel,
        one.of_errors, reasons_of(one), one.longest_ms, one.longest, one.planned,
        one.wrong.empty() ? "nothing" : one.wrong.front(), took_s);
}

// Replaces the row of that kernel between the markers, or adds it.
Result<void> put(const std::string& path, const std::string& release, const std::string& row) {
    constexpr std::string_view BEGINS = "<!-- corruption begins -->\n";
    constexpr std::string_view ENDS = "<!-- corruption ends -->\n";
    std::string text;
    {
        const auto document = MappedFile::open(path);
        if (!document) return std::unexpected(document.error());
        text = as_text(document->bytes());
    }
    const size_t begin = text.find(BEGINS);
    const size_t end = text.find(ENDS);
    if (begin == std::string::npos || end == std::string::npos) {
        return fail(DEFIB_ERROR_LAB_REFUSED, path, "the table's markers are missing");
    }
    const std::string start = "| " + release + " |";
    const size_t known = text.find(start, begin);
    if (known != std::string::npos && known < end) {
        text.replace(known, text.find('\n', known) - known, row);
    } else {
        text.insert(end, row + "\n");
    }
    return write_atomically(path, text);
}

Result<int> run(const Arguments& arguments) {
    lab::GuestOptions options;
    options.kernel = arguments.kernel;
    options.ram_megabytes = 256;
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    auto frozen = Frozen::copy(*guest);
    if (!frozen) return std::unexpected(frozen.error());
    const std::string release = guest->kernel().release;
    // What runs no more keeps no CPU from the trial.
    if (auto stopped = guest->qmp("stop"); !stopped) return std::unexpected(stopped.error());
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = run_trials(**frozen, arguments.trials, arguments.words, arguments.seed);
    if (!outcome) return std::unexpected(outcome.error());
    const double took_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::string row = row_of(release, *outcome, took_s);
    fmt::print("{}\n", row);
    for (const std::string& what : outcome->wrong) fmt::print(stderr, "WRONG: {}\n", what);
    if (!arguments.into.empty()) {
        if (auto written = put(arguments.into, release, row); !written) {
            return std::unexpected(written.error());
        }
    }
    return outcome->wrong.empty() ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace
}  // namespace defib::corrupt

int main(int count, char** values) {
    defib::corrupt::Arguments arguments;
    CLI::App app("views, detectors and routines over memory that was spoilt");
    app.add_option("--kernel", arguments.kernel);
    app.add_option("--trials", arguments.trials);
    app.add_option("--words", arguments.words, "the most that are spoilt at a time")
        ->check(CLI::Range(1, 1000));
    app.add_option("--seed", arguments.seed);
    app.add_option("--into", arguments.into, "a document with the table");
    CLI11_PARSE(app, count, values);
    const auto status = defib::corrupt::run(arguments);
    if (status) return *status;
    fmt::print(stderr, "defib-corrupt: {}\n", defib::to_line(status.error()));
    return defib::exit_status(status.error().code);
}
