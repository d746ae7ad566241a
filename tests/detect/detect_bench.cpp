// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   detect_bench [-v] KERNEL ROUNDS [FAULT...]
//
// The time from the injection of a fault to its finding, with every detector running, for each of
// SHFH's classes (F1 to F6) or the faults that are named. The module strikes 200 ms after it was
// asked; that is in the figure. A row per fault: rounds, found, least, median and largest time.
// With -v, all that was reported.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/detect/expected.h"
#include "tests/detect/watch.h"
#include "tests/faults/inject.h"

namespace {

using namespace defib;
using namespace std::chrono_literals;

[[noreturn]] void give_up(const Error& error) {
    std::fprintf(stderr, "detect_bench: %s\n", to_line(error).c_str());
    std::exit(exit_status(error.code));
}

template <class T>
T value_of(Result<T> result) {
    if (!result) give_up(result.error());
    return std::move(*result);
}

enum class Say { FIGURES, ALL };

// Seconds; negative: not found.
double one_round(const std::string& kernel, const detect::Expected& expected, Say say) {
    const faults::Fault& fault = *faults::find(expected.fault);
    auto guest = value_of(lab::Guest::boot(faults::guest_for(fault, kernel)));
    const auto watch = value_of(detect::Watch::start(guest, detect::lab_thresholds()));
    watch->look_until([](const auto&) { return false; }, 1s);
    const auto injection = value_of(faults::inject(guest, fault));
    const auto found = watch->look_until(
        [&](const detect::Found& one) { return detect::is_it(one, expected); }, 60s);
    const double seconds = std::chrono::duration<double>(lab::Clock::now() - injection.at).count();
    if (say == Say::ALL) {
        watch->look_until([](const auto&) { return false; }, 5s);
        for (const auto& one : watch->seen()) fmt::print("  {}\n", detect::to_text(one));
        for (const auto& [name, death] : watch->deaths())
            fmt::print("  {} died: {}\n", name, death);
    }
    return found ? seconds : -1;
}

}  // namespace

int main(int count, char** arguments) {
    int next = 1;
    Say say = Say::FIGURES;
    if (next < count && std::string_view(arguments[next]) == "-v") {
        say = Say::ALL;
        ++next;
    }
    if (count - next < 2) {
        std::fprintf(stderr, "usage: detect_bench [-v] KERNEL ROUNDS [FAULT...]\n");
        return DEFIB_EXIT_USAGE;
    }
    const std::string kernel = arguments[next++];
    const int rounds = std::atoi(arguments[next++]);
    std::vector<std::string> names(arguments + next, arguments + count);
    if (names.empty()) names = {"f1a", "f1b", "f2", "f3", "f4", "f5", "f6_slab"};
    for (const std::string& name : names) {
        const detect::Expected* expected = detect::expected_of(name);
        if (expected == nullptr) give_up({DEFIB_ERROR_BASE_USAGE, name, "nothing is expected", {}});
        std::vector<double> times;
        for (int round = 0; round < rounds; round++) {
            const double seconds = one_round(kernel, *expected, say);
            if (seconds >= 0) times.push_back(seconds);
        }
        std::ranges::sort(times);
        if (times.empty()) {
            fmt::print("{:<22} {:<5} 0 of {}\n", name, kernel, rounds);
        } else {
            fmt::print("{:<22} {:<5} {} of {}: {:.2f} s, {:.2f} s, {:.2f} s\n", name, kernel,
                       times.size(), rounds, times.front(), times[times.size() / 2], times.back());
        }
        std::fflush(stdout);
    }
    return DEFIB_EXIT_DONE;
}
