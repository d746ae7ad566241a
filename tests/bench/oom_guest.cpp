// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   oom_guest DEFIB KERNEL FAULT kernel|defib|earlyoom:PATH
//
// How long a guest is out of memory: from the moment at which defib's detector finds it so until
// whoever eats it has ended, by the kernel's own killer, by defib, or by earlyoom in the guest. One
// detector tells the start in all three, so that only the end differs. Prints seconds.
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

bool tells_of_memory(const Event& event) {
    return event.is("finding") && event.text("fault").starts_with("memory_");
}

Result<double> measure(const std::string& defib, std::string_view kernel, std::string_view fault,
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
    for (const Event& event : (*run)->events()) {
        if (tells_of_memory(event)) return std::chrono::duration<double>(end - event.at()).count();
    }
    return fail(DEFIB_ERROR_LAB_NO_ANSWER, std::string(fault), "memory was not found to be low");
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
    fmt::print("{:.2f} s\n", *seconds);
    return DEFIB_EXIT_DONE;
}
