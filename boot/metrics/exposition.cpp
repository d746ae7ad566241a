// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/metrics/exposition.h"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

namespace defib::boot::metrics {
namespace {

constexpr double NS_A_SECOND = 1e9;

uint64_t read(const Count& count) {
    return count.load(std::memory_order_relaxed);
}

class Text {
  public:
    explicit Text(std::span<char> room) : room_(room) {}

    // A family's head, once, before its first line.
    void family(const char* name, const char* type, const char* help) {
        print("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    }
    void line(const char* name, uint64_t value) { print("%s %" PRIu64 "\n", name, value); }
    void seconds(const char* name, uint64_t ns) {
        print("%s %.9g\n", name, static_cast<double>(ns) / NS_A_SECOND);
    }
    // A value of a label; what would end it or the line is not one of ours, and becomes '_'.
    void label(const char* key, const char* value) {
        print("%s=\"", key);
        for (; *value != 0; value++) {
            const bool is_plain = *value >= ' ' && *value <= '~' && *value != '"' && *value != '\\';
            print("%c", is_plain ? *value : '_');
        }
        print("\"");
    }
    [[gnu::format(printf, 2, 3)]] void print(const char* format, ...) {
        va_list values;
        va_start(values, format);
        const std::span<char> left = room_.subspan(used_);
        const int count = std::vsnprintf(left.data(), left.size(), format, values);
        va_end(values);
        if (count < 0 || static_cast<size_t>(count) >= left.size()) {
            is_full_ = true;
        } else {
            used_ += static_cast<size_t>(count);
        }
    }
    std::string_view view() const {
        return is_full_ ? std::string_view() : std::string_view(room_.data(), used_);
    }

  private:
    std::span<char> room_;
    size_t used_ = 0;
    bool is_full_ = false;
};

// The names of our lists, in small letters.
struct Word {
    char text[NAME_BYTES] = {};
    Word() = default;  // of a number that this program does not know
    explicit Word(std::string_view name) {
        std::ranges::transform(name.substr(0, sizeof text - 1), text, [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
    }
    bool is_known() const { return text[0] != 0; }
};

Word fault_word(size_t fault) {
    switch (fault) {
#define DEFIB_METRICS_FAULT(name, number, word, text) \
    case number:                                      \
        return Word(word);
        DEFIB_FAULT_LIST(DEFIB_METRICS_FAULT)
#undef DEFIB_METRICS_FAULT
        default:
            return {};
    }
}

Word decline_word(size_t why) {
    switch (why) {
#define DEFIB_METRICS_DECLINE(name, number, text) \
    case number:                                  \
        return Word(#name);
        DEFIB_DECLINE_LIST(DEFIB_METRICS_DECLINE)
#undef DEFIB_METRICS_DECLINE
        default:
            return {};
    }
}

Word status_word(size_t status) {
    switch (status) {
#define DEFIB_METRICS_STATUS(name, number, text) \
    case number:                                 \
        return Word(#name);
        DEFIB_REMOTE_STATUS_LIST(DEFIB_METRICS_STATUS)
#undef DEFIB_METRICS_STATUS
        default:
            return {};
    }
}

constexpr const char* OUTCOME_WORDS[OUTCOMES] = {"none",      "committed", "no_change",
                                                 "disagreed", "died",      "stale",
                                                 "partial",   "read_only", "refused"};
constexpr const char* EFFECT_WORDS[EFFECTS] = {"seen", "deadline", "persists", "failed", "undone"};
constexpr const char* TOLD_WORDS[TOLD] = {"told", "failed", "too_slow", "left_out"};

// One line for each that has a name, from 0 on: who scrapes sees the first one as an increase. What
// an engine that is newer than this program counts is "other".
template <size_t SIZE, class WordOf>
void add_counted(Text& text, const char* family, const char* key,
                 const std::array<Count, SIZE>& counts, WordOf word_of) {
    uint64_t others = 0;
    const auto line = [&](const char* word, uint64_t value) {
        text.print("%s{", family);
        text.label(key, word);
        text.print("} %" PRIu64 "\n", value);
    };
    for (size_t i = 0; i < SIZE; i++) {
        const Word word = word_of(i);
        if (word.is_known()) {
            line(word.text, read(counts[i]));
        } else {
            others += read(counts[i]);
        }
    }
    if (others != 0) line("other", others);
}

void add_about(Text& text, const Vitals& vitals, uint64_t now_ns) {
    text.family("defib_build_info", "gauge", "Which defib this is.");
    text.print("defib_build_info{");
    text.label("version", vitals.version.data());
    text.print("} 1\n");
    text.family("defib_target_info", "gauge", "What is guarded, and by what.");
    text.print("defib_target_info{");
    text.label("target", vitals.target.data());
    text.print(",");
    text.label("kernel", vitals.kernel.data());
    text.print(",");
    text.label("backend", vitals.backend.data());
    text.print("} 1\n");
    text.family("defib_start_time_seconds", "gauge", "When the guard was started, since 1970.");
    // More digits than seconds() has: it is a date.
    text.print("defib_start_time_seconds %.3f\n",
               static_cast<double>(read(vitals.started_wall_ns)) / NS_A_SECOND);
    text.family("defib_uptime_seconds", "gauge", "For how long it has guarded.");
    text.seconds("defib_uptime_seconds", now_ns - std::min(now_ns, read(vitals.started_ns)));
}

void add_engine(Text& text, const Vitals& vitals, uint64_t now_ns) {
    text.family("defib_engine_turns_total", "counter", "Turns of the engine's loop.");
    text.line("defib_engine_turns_total", read(vitals.turns));
    text.family("defib_engine_heartbeat_age_seconds", "gauge",
                "Since the engine's loop was last seen to turn.");
    text.seconds("defib_engine_heartbeat_age_seconds",
                 now_ns - std::min(now_ns, read(vitals.turned_ns)));
    text.family("defib_engine_loop_period_seconds", "gauge",
                "From one turn of the engine's loop to the next, over a second.");
    text.seconds("defib_engine_loop_period_seconds", read(vitals.period_ns));
    if (read(vitals.has_reads) != 0) {
        text.family("defib_engine_reads_total", "counter",
                    "Reads of the target's memory by the detectors.");
        text.line("defib_engine_reads_total", read(vitals.reads));
    }
    text.family("defib_engine_restarts_total", "counter",
                "How often the engine's loop had died and was started again.");
    text.line("defib_engine_restarts_total", read(vitals.restarts));
    text.family("defib_detector_deaths_total", "counter", "Detectors that could not look.");
    text.line("defib_detector_deaths_total", read(vitals.detectors_died));
    text.family("defib_detector_late_total", "counter", "Detectors that ran late, as journaled.");
    text.line("defib_detector_late_total", read(vitals.late));
    text.family("defib_journal_lost_total", "counter",
                "Entries of the engine's journal that were overwritten unread.");
    text.line("defib_journal_lost_total", read(vitals.lost));
}

void add_findings(Text& text, const Vitals& vitals) {
    text.family("defib_findings_total", "counter", "Faults that were found.");
    add_counted(text, "defib_findings_total", "fault", vitals.found, fault_word);
    text.family("defib_findings_over_total", "counter",
                "Faults that are over: by themselves, or after a repair.");
    for (size_t i = 0; i < FAULTS; i++) {
        const Word word = fault_word(i);
        const std::pair<const char*, uint64_t> ways[] = {{"itself", read(vitals.over[i])},
                                                         {"repair", read(vitals.cured[i])}};
        for (const auto& [how, count] : ways) {
            if (count == 0 || !word.is_known()) continue;
            text.print("defib_findings_over_total{");
            text.label("fault", word.text);
            text.print(",");
            text.label("by", how);
            text.print("} %" PRIu64 "\n", count);
        }
    }
    text.family("defib_findings_open", "gauge", "Faults that were found and are not over.");
    for (size_t i = 0; i < FAULTS; i++) {
        const Word word = fault_word(i);
        if (!word.is_known()) continue;
        const uint64_t found = read(vitals.found[i]);
        // Entries that were lost must not make it more than were found, or fewer than none.
        const uint64_t over = std::min(found, read(vitals.over[i]) + read(vitals.cured[i]));
        text.print("defib_findings_open{");
        text.label("fault", word.text);
        text.print("} %" PRIu64 "\n", found - over);
    }
    text.family("defib_findings_exhausted_total", "counter",
                "Faults for which no step of the policy is left.");
    add_counted(text, "defib_findings_exhausted_total", "fault", vitals.exhausted, fault_word);
}

// `which` gives the counts of a routine, by `key` and `words`.
template <class Which>
void add_of_routines(Text& text, const Vitals& vitals, const char* family, const char* key,
                     std::span<const char* const> words, Which which) {
    for (const OfRoutine& one : vitals.routines) {
        for (size_t i = 0; i < words.size(); i++) {
            const uint64_t count = read(which(one, i));
            if (count == 0) continue;
            text.print("%s{", family);
            text.label("routine", one.name.data());
            text.print(",");
            text.label(key, words[i]);
            text.print("} %" PRIu64 "\n", count);
        }
    }
}

void add_repairs(Text& text, const Vitals& vitals) {
    uint64_t commits = 0;
    for (const OfRoutine& one : vitals.routines) {
        commits += read(one.plans[DEFIB_OUTCOME_COMMITTED]);
    }
    text.family("defib_plans_total", "counter", "Plans of repairs, by what became of each.");
    add_of_routines(text, vitals, "defib_plans_total", "outcome", OUTCOME_WORDS,
                    [](const OfRoutine& one, size_t i) -> const Count& { return one.plans[i]; });
    text.family("defib_commits_total", "counter", "Plans that were written into the target.");
    text.line("defib_commits_total", commits);
    text.family("defib_stores_total", "counter", "Stores into the target's memory.");
    text.line("defib_stores_total", read(vitals.stores));
    text.family("defib_steps_total", "counter", "Steps of rules: taken, or only observed.");
    constexpr const char* DONE[] = {"done", "observed"};
    add_of_routines(text, vitals, "defib_steps_total", "how", DONE,
                    [](const OfRoutine& one, size_t i) -> const Count& {
                        return i == 0 ? one.steps : one.would;
                    });
    text.family("defib_effects_total", "counter", "What became of steps that were taken.");
    add_counted(text, "defib_effects_total", "outcome", vitals.effects,
                [](size_t i) { return Word(EFFECT_WORDS[i]); });
    text.family("defib_repair_seconds", "summary", "From a finding to the effect of its repair.");
    text.seconds("defib_repair_seconds_sum", read(vitals.repaired_ns));
    text.line("defib_repair_seconds_count", read(vitals.repaired));
    text.family("defib_refused_total", "counter", "What a finding asked for and was not done.");
    add_counted(text, "defib_refused_total", "reason", vitals.declined, decline_word);
    if (read(vitals.off) != 0) {
        text.print("defib_refused_total{reason=\"off\"} %" PRIu64 "\n", read(vitals.off));
    }
}

void add_surroundings(Text& text, const Vitals& vitals) {
    text.family("defib_remote_requests_total", "counter", "Requests of defib remote, by answer.");
    add_counted(text, "defib_remote_requests_total", "outcome", vitals.remote, status_word);
    uint64_t refused = 0;
    for (size_t i = DEFIB_REMOTE_MALFORMED; i < vitals.remote.size(); i++) {
        refused += read(vitals.remote[i]);
    }
    text.family("defib_remote_refused_total", "counter",
                "Requests of defib remote that were refused: malformed, forged, not allowed.");
    text.line("defib_remote_refused_total", refused);
    text.family("defib_exec_total", "counter", "Runs of --exec's program, by outcome.");
    add_counted(text, "defib_exec_total", "outcome", vitals.told,
                [](size_t i) { return Word(TOLD_WORDS[i]); });
}

}  // namespace

std::string_view expose(const Vitals& vitals, uint64_t now_ns, std::span<char> into) {
    Text text(into);
    add_about(text, vitals, now_ns);
    add_engine(text, vitals, now_ns);
    add_findings(text, vitals);
    add_repairs(text, vitals);
    add_surroundings(text, vitals);
    return text.view();
}

}  // namespace defib::boot::metrics
