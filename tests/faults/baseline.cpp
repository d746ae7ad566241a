// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tests/faults/symptom.h"

namespace defib::faults {
namespace {

using lab::Clock;

double seconds(auto duration) {
    return std::chrono::duration<double>(duration).count();
}

// Whether it beat in the last seconds of its time alone, even if only now and then: RT throttling
// leaves a beat or two per second.
constexpr auto RECENT = std::chrono::seconds(5);

struct Beats {
    double last_s = -1;
    double longest_gap_s = -1;
    bool is_recent = false;
};

bool kernel_schedules(const lab::Guest& guest) {
    const auto beats = guest.heartbeats(lab::Lane::REALTIME);
    return !beats.empty() && Clock::now() - beats.back().host < RECENT;
}

Beats beats_since(const lab::Guest& guest, Clock::time_point from, Clock::time_point to) {
    const auto all = guest.heartbeats();
    const auto after = [&](const lab::Beat& beat) { return beat.host > to; };
    const auto last = std::find_if_not(all.rbegin(), all.rend(), after);
    if (last == all.rend()) return {};
    return {seconds(last->host - from), seconds(lab::longest_gap(all, from, last->host)),
            to - last->host < RECENT};
}

bool persists(lab::Guest& guest, const Injection& injection) {
    return std::ranges::any_of(injection.fault->symptom, [&](const Evidence& evidence) {
        const bool is_a_state = evidence.sign == Sign::TASKS ||
                                evidence.sign == Sign::MEMORY_BELOW ||
                                evidence.sign == Sign::SWAP_ABOVE;
        return is_a_state &&
               holds(guest, injection, evidence, lab::Guest::PATIENCE).value_or(false);
    });
}

std::string how_programs_ended(lab::Guest& guest, const Injection& injection) {
    for (const pid_t pid : injection.programs) {
        const auto state = guest.state_of(pid);
        if (!state || !state->status) return {};
    }
    if (injection.programs.empty()) return {};
    return *guest.state_of(injection.programs[0])->status == 137 ? "well: the program was killed"
                                                                 : "well: the program ended";
}

// A soft lockup is told again and again while it lasts; half of the time alone is ample for one
// more.
bool still_complains(const std::string& console, size_t from) {
    return !first_match(std::string_view(console).substr(from), TROUBLE).empty();
}

std::string outcome_of(lab::Guest& guest, const Injection& injection, const Beats& beats,
                       size_t console_at_half) {
    const std::string console = guest.console();
    if (!first_match(console, "Kernel panic").empty()) return "panicked";
    if (!beats.is_recent) {
        return kernel_schedules(guest) ? "starves: only realtime processes run" : "hangs";
    }
    if (injection.fault->kind == Kind::HEALTHY) {
        const std::string_view log = std::string_view(console).substr(injection.console_from);
        return first_match(log, TROUBLE).empty() ? "well" : "runs, but the log complains";
    }
    if (std::string ended = how_programs_ended(guest, injection); !ended.empty()) return ended;
    if (persists(guest, injection) || still_complains(console, console_at_half)) {
        return "runs, the fault persists";
    }
    return "well";
}

struct LogKind {
    const char* pattern;
    const char* name;
};
constexpr LogKind LOG_KINDS[] = {
    {"soft lockup", "soft lockup"},
    {"hard LOCKUP", "hard lockup"},
    {"blocked for more than", "hung task"},
    {"rcu: INFO|rcu.*detected stall", "RCU stall"},
    {"scheduling while atomic", "scheduling while atomic"},
    {"Oops", "oops"},
    {"Out of memory: Killed", "OOM kill"},
    {"Kernel panic", "panic"},
};

// "[    5.378866] ...", also behind what else stood on the line.
double stamp_of(std::string_view line) {
    const size_t open = line.find('[');
    const size_t digit = line.find_first_not_of(' ', open + 1);
    double stamp = 0;
    if (open == std::string_view::npos || digit == std::string_view::npos) return 0;
    std::from_chars(line.data() + digit, line.data() + line.size(), stamp);
    return stamp;
}

double guest_seconds(const lab::Guest& guest) {
    const auto beats = guest.heartbeats();
    return beats.empty() ? 0 : seconds(beats.back().guest);
}

}  // namespace

std::string summary_of(std::string_view console, double since_s) {
    std::string summary;
    for (const LogKind& kind : LOG_KINDS) {
        const std::string line = first_match(console, kind.pattern);
        if (line.empty()) continue;
        const double at = std::max(0.0, stamp_of(line) - since_s);
        summary += fmt::format("{}{} {:.0f} s", summary.empty() ? "" : ", ", kind.name, at);
    }
    return summary;
}

Result<Observation> observe(const Fault& fault, std::string_view kernel) {
    auto guest = lab::Guest::boot(guest_for(fault, kernel));
    if (!guest) return std::unexpected(guest.error());
    Observation observation;
    observation.fault = fault.name;
    observation.kernel = kernel;
    observation.release = guest->kernel().release;
    const auto injection = inject(*guest, fault);
    if (!injection) return std::unexpected(injection.error());
    const double struck_at = guest_seconds(*guest);
    const auto end = injection->at + ALONE;
    const auto left = [](Clock::time_point until) {
        return std::max(lab::Milliseconds(1),
                        std::chrono::duration_cast<lab::Milliseconds>(until - Clock::now()));
    };
    if (wait_for_symptom(*guest, *injection, left(end))) {
        observation.symptom_s = seconds(Clock::now() - injection->at);
    }
    const auto alone_until = [&](Clock::time_point until) {
        [[maybe_unused]] const auto reached_as_meant =
            guest->wait_for("the end", [] { return false; }, left(until));
    };
    alone_until(injection->at + ALONE / 2);
    const size_t console_at_half = guest->console_size();
    alone_until(end);
    const Beats beats = beats_since(*guest, injection->at, Clock::now());
    observation.last_beat_s = beats.last_s;
    observation.longest_gap_s = beats.longest_gap_s;
    observation.outcome = outcome_of(*guest, *injection, beats, console_at_half);
    observation.log = summary_of(guest->console().substr(injection->console_from), struck_at);
    return observation;
}

}  // namespace defib::faults
