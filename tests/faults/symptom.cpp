// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/symptom.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <sstream>

namespace defib::faults {

const char* const TROUBLE =
    "BUG:|lockup|blocked for more than|rcu: INFO|detected stall|self-detected|Out of memory|"
    "oom-killer|Kernel panic|Oops|WARNING: CPU";

namespace {

using lab::Milliseconds;

// At a priority above all that is injected, or the answer would wait for what it is about.
Result<std::string> ask(lab::Guest& guest, const char* script, Milliseconds within) {
    auto outcome = guest.run({"victim", "urgently", script}, within);
    if (!outcome) return std::unexpected(outcome.error());
    return outcome->out;
}

Milliseconds silence(const lab::Guest& guest, const Injection& injection) {
    const auto beats = guest.heartbeats();
    auto last = injection.at;
    if (!beats.empty()) last = std::max(last, beats.back().host);
    return std::chrono::duration_cast<Milliseconds>(lab::Clock::now() - last);
}

bool needs_asking(Sign sign) {
    return sign == Sign::TASKS || sign == Sign::MEMORY_BELOW || sign == Sign::SWAP_ABOVE;
}

Result<bool> has_said(lab::Guest& guest, const Injection& injection, const char* text) {
    for (const pid_t pid : injection.programs) {
        auto state = guest.state_of(pid);
        if (!state) return std::unexpected(state.error());
        if (state->out.contains(text)) return true;
    }
    return false;
}

// Why a program did not do its part stands in what it complained of.
std::string said_by_programs(lab::Guest& guest, const Injection& injection) {
    std::string text;
    for (const pid_t pid : injection.programs) {
        const auto state = guest.state_of(pid);
        if (!state) continue;
        const std::string how =
            state->status ? fmt::format("ended with {}", *state->status) : "runs";
        text += fmt::format("; program {} {}: {}", pid, how, state->err);
    }
    return text;
}

Result<bool> memory_is(lab::Guest& guest, const Evidence& evidence, Milliseconds within) {
    auto text = ask(guest, "cat /proc/meminfo", within);
    if (!text) return std::unexpected(text.error());
    if (text->empty()) return false;  // who asked was killed: memory is short, but how short?
    if (evidence.sign == Sign::MEMORY_BELOW) {
        return meminfo_mb(*text, "MemAvailable") < evidence.amount;
    }
    return meminfo_mb(*text, "SwapTotal") - meminfo_mb(*text, "SwapFree") > evidence.amount;
}

template <class Number>
Number number_of(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool is_called(std::string_view name, std::string_view pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

// The fields after the name, which stands in parentheses and may hold anything: "S 1 17 17 ...".
struct StatLine {
    std::string_view name;
    std::vector<std::string_view> rest;
};

StatLine parse_stat(std::string_view line) {
    const size_t open = line.find('(');
    const size_t close = line.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    StatLine parsed{line.substr(open + 1, close - open - 1), {}};
    for (size_t at = close + 2; at < line.size();) {
        const size_t end = std::min(line.find(' ', at), line.size());
        parsed.rest.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return parsed;
}

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        if (visit(text.substr(0, end))) return;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

}  // namespace

unsigned count_tasks(std::string_view stat_lines, std::string_view name, char state,
                     const std::vector<pid_t>& sessions) {
    // Indices as in proc(5), whose field 3, the state, is the first of the rest.
    constexpr size_t STATE = 0;
    constexpr size_t SESSION = 3;
    constexpr size_t THREADS = 17;
    unsigned count = 0;
    for_each_line(stat_lines, [&](std::string_view line) {
        const StatLine stat = parse_stat(line);
        if (!is_called(stat.name, name) || stat.rest.size() <= THREADS) return false;
        if (state != '*' && !stat.rest[STATE].starts_with(state)) return false;
        if (!sessions.empty() &&
            std::ranges::find(sessions, number_of<pid_t>(stat.rest[SESSION])) == sessions.end()) {
            return false;
        }
        count += number_of<unsigned>(stat.rest[THREADS]);
        return false;
    });
    return count;
}

unsigned long meminfo_mb(std::string_view meminfo, std::string_view field) {
    unsigned long mb = 0;
    for_each_line(meminfo, [&](std::string_view line) {
        if (!line.starts_with(field) || !line.substr(field.size()).starts_with(':')) return false;
        const size_t digits = line.find_first_of("0123456789");
        if (digits != std::string_view::npos) {
            mb = number_of<unsigned long>(line.substr(digits)) / 1024;
        }
        return true;
    });
    return mb;
}

std::string first_match(std::string_view log, const char* pattern) {
    const std::regex expression(pattern);
    std::string found;
    for_each_line(log, [&](std::string_view line) {
        if (!std::regex_search(line.begin(), line.end(), expression)) return false;
        found = line;
        while (found.ends_with('\r')) found.pop_back();
        return true;
    });
    return found;
}

Result<bool> holds(lab::Guest& guest, const Injection& injection, const Evidence& evidence,
                   Milliseconds within) {
    const auto log = [&] { return guest.console().substr(injection.console_from); };
    switch (evidence.sign) {
        case Sign::BEATS_STOP:
            return silence(guest, injection) >= Milliseconds(evidence.amount);
        case Sign::BEATS_GAP:
            return lab::longest_gap(guest.heartbeats(), injection.at, lab::Clock::now()) >=
                   Milliseconds(evidence.amount);
        case Sign::BEATS_GO_ON:
            return guest.alive(within);
        case Sign::LOG_SAYS:
            return !first_match(log(), evidence.text).empty();
        case Sign::LOG_IS_CLEAN:
            return first_match(log(), TROUBLE).empty();
        case Sign::TASKS: {
            auto lines = ask(guest, "cat /proc/[0-9]*/stat 2>/dev/null", within);
            if (!lines) return std::unexpected(lines.error());
            return count_tasks(*lines, evidence.text, evidence.state, injection.programs) >=
                   evidence.amount;
        }
        case Sign::PROGRAM_SAYS:
            return has_said(guest, injection, evidence.text);
        case Sign::MEMORY_BELOW:
        case Sign::SWAP_ABOVE:
            return memory_is(guest, evidence, within);
    }
    return false;
}

namespace {

bool wait_for(lab::Guest& guest, const Injection& injection, const Evidence& evidence,
              lab::Clock::time_point deadline) {
    // Who asks all the time, at a realtime priority, is a fault himself.
    constexpr Milliseconds PAUSE{500};
    const auto left = [&] {
        return std::max(Milliseconds(1),
                        std::chrono::duration_cast<Milliseconds>(deadline - lab::Clock::now()));
    };
    auto next = lab::Clock::now();
    // An answer that did not come is no evidence yet; the deadline says when to give up.
    const auto is_seen = [&] {
        if (lab::Clock::now() < next) return false;
        const bool is_true = holds(guest, injection, evidence, left()).value_or(false);
        if (needs_asking(evidence.sign)) next = lab::Clock::now() + PAUSE;
        return is_true;
    };
    // What was said stays said: waiting makes no log clean again.
    if (evidence.sign == Sign::LOG_IS_CLEAN) return is_seen();
    return guest.wait_for(to_text(evidence), is_seen, left()).has_value();
}

}  // namespace

Result<void> wait_for_symptom(lab::Guest& guest, const Injection& injection, Milliseconds within) {
    const auto deadline = lab::Clock::now() + within;
    for (const Evidence& evidence : injection.fault->symptom) {
        if (wait_for(guest, injection, evidence, deadline)) continue;
        return fail(DEFIB_ERROR_LAB_NO_ANSWER, injection.fault->name,
                    "not seen in time: " + to_text(evidence) + said_by_programs(guest, injection));
    }
    return {};
}

std::string to_text(const Evidence& evidence) {
    switch (evidence.sign) {
        case Sign::BEATS_STOP:
            return fmt::format("no beat for {} ms", evidence.amount);
        case Sign::BEATS_GAP:
            return fmt::format("gaps of {} ms between beats", evidence.amount);
        case Sign::BEATS_GO_ON:
            return "beats go on";
        case Sign::LOG_SAYS:
            return fmt::format("log: `{}`", evidence.text);
        case Sign::LOG_IS_CLEAN:
            return "log: nothing";
        case Sign::TASKS:
            return evidence.state == '*' ? fmt::format("{} × {}", evidence.amount, evidence.text)
                                         : fmt::format("{} × {} in state {}", evidence.amount,
                                                       evidence.text, evidence.state);
        case Sign::PROGRAM_SAYS:
            return fmt::format("it says \"{}\"", evidence.text);
        case Sign::MEMORY_BELOW:
            return fmt::format("under {} MB available", evidence.amount);
        case Sign::SWAP_ABOVE:
            return fmt::format("over {} MB swapped out", evidence.amount);
    }
    return {};
}

}  // namespace defib::faults
