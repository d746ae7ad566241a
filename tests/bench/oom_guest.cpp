// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   oom_guest DEFIB KERNEL FAULT kernel|defib|earlyoom:PATH
//
// How long a guest is out of memory: from the moment at which defib's detector finds that memory
// and swap are nearly gone until whoever eats it has ended, by the kernel's own killer, by defib,
// or by earlyoom in the guest. One detector tells the start in all three, so that only the end
// differs; who ends it before that takes no time. Prints these seconds, and those since the fault
// began.
#include <fmt/format.h>

#include <string_view>

#include "tests/faults/inject.h"
#include "tests/faults/with_libraries.h"
#include "tests/recover/defib_run.h"

namespace defib {
namespace {

using recover::DefibRun;
using recover::Event;

constexpr lab::Milliseconds PATIENCE{240'000};

bool tells_that_it_is_gone(const Event& event) {
    return event.is("finding") && event.text("fault") == "memory_low";
}

struct Seconds {
    double since_it_was_gone = 0;
    double since_it_began = 0;
};

double between(lab::Clock::time_point from, lab::Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

Result<Seconds> measure(const std::string& defib, std::string_view kernel, std::string_view fault,
                        const std::string& way) {
    const faults::Fault* what = faults::find(fault);
    if (what == nullptr) return fail(DEFIB_ERROR_BASE_USAGE, std::string(fault), "no such fault");
    auto guest = lab::Guest::boot(faults::guest_for(*what, kernel));
    if (!guest) return std::unexpected(guest.error());
    if (way.starts_with("earlyoom:")) {
        const std::string program = way.substr(way.find(':') + 1);
        if (auto there = faults::push_with_libraries(*guest, program); !there) {
            return std::unexpected(there.error());
        }
        const auto runs = guest->start({program});
        if (!runs) return std::unexpected(runs.error());
    }
    std::vector<std::string> words;
    if (way != "defib") words.emplace_back("--dry-run");
    auto run = DefibRun::start(defib, guest->ram_file(), words);
    if (!run) return std::unexpected(run.error());
    (*run)->wait_for([](const Event& event) { return event.is("started"); }, PATIENCE);
    const auto injection = faults::inject(*guest, *what);
    if (!injection) return std::unexpected(injection.error());
    lab::Clock::time_point end;
    const auto has_ended = [&] {
        const auto state = guest->state_of(injection->programs.front());
        end = lab::Clock::now();
        return state && state->status.has_value();
    };
    if (auto ended = guest->wait_for("its end", has_ended, PATIENCE); !ended) {
        return std::unexpected(ended.error());
    }
    Seconds seconds{0, between(injection->at, end)};
    for (const Event& event : (*run)->events()) {
        if (!tells_that_it_is_gone(event)) continue;
        seconds.since_it_was_gone = between(event.at(), end);
        break;
    }
    return seconds;
}

}  // namespace
}  // namespace defib

int main(int count, char** words) {
    if (count != 5) {
        fmt::print(stderr, "usage: oom_guest DEFIB KERNEL FAULT kernel|defib|earlyoom:PATH\n");
        return DEFIB_EXIT_USAGE;
    }
    const auto seconds = defib::measure(words[1], words[2], words[3], words[4]);
    if (!seconds) {
        fmt::print(stderr, "oom_guest: {}\n", defib::to_line(seconds.error()));
        return defib::exit_status(seconds.error().code);
    }
    fmt::print("{:.2f} {:.2f}\n", seconds->since_it_was_gone, seconds->since_it_began);
    return DEFIB_EXIT_DONE;
}
