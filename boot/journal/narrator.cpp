// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/narrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "boot/hook/words.h"
#include "boot/journal/evidence.h"
#include "boot/journal/words.h"
#include "boot/session/record.h"
#include "engine/abi/ask.h"
#include "engine/abi/finding.h"
#include "engine/abi/policy.h"
#include "engine/runtime/respond.h"

namespace defib::boot {
namespace {

constexpr double NS_A_SECOND = 1e9;
constexpr double NS_A_MS = 1e6;

// Those that could have been chosen in the victim's place, the next one first.
std::vector<NamedCulprit> runners_up(const CaseStory& story, const DefibJournalEntry& victim) {
    std::vector<NamedCulprit> others = story.culprits;
    const auto chosen = std::ranges::find(others, victim.subject, &NamedCulprit::pid);
    if (chosen != others.end()) others.erase(chosen);
    const auto by_weight = [](const NamedCulprit& one) {
        return std::pair(one.weight, one.growth);
    };
    const auto by_growth = [](const NamedCulprit& one) {
        return std::pair(one.growth, one.weight);
    };
    if (victim.values[1] == DEFIB_VICTIM_LARGEST)
        std::ranges::sort(others, std::greater(), by_weight);
    if (victim.values[1] == DEFIB_VICTIM_FASTEST)
        std::ranges::sort(others, std::greater(), by_growth);
    return others;
}

// Of a panic's many lines those that say most: its cause and the last ones.
bool is_shown(const LogLine& line) {
    constexpr uint32_t LAST = 5;
    constexpr const char* TELLING[] = {"Kernel panic",       "BUG:",      "Oops",
                                       "general protection", "RIP: 0010", "Internal error"};
    return line.behind < LAST ||
           std::ranges::any_of(
               TELLING,
               [&](const char* words) { return line.text.find(words) != std::string::npos; });
}

std::string log_line(const LogLine& line) {
    if (!line.is_whole() || !is_shown(line)) return {};
    return fmt::format("    [{:>12.6f}] {}", static_cast<double>(line.time_ns) / NS_A_SECOND,
                       printable(line.text));
}

std::string ms(uint64_t ns) {
    return fmt::format("{:.1f} ms", static_cast<double>(ns) / NS_A_MS);
}

}  // namespace

std::string Narrator::name_of(NameOf of, uint64_t number) const {
    const auto found = names_.find({of, static_cast<uint32_t>(number)});
    return found == names_.end() ? fmt::format("{}", number) : printable(found->second);
}

std::string Narrator::symbol_at(uint64_t address) const {
    const auto found = names_.find(symbol_key(address));
    return found == names_.end() ? "" : printable(found->second);
}

std::vector<uint64_t> Narrator::locks_of(const DefibJournalEntry& entry) {
    stories_.take(entry);
    if (entry.kind != DEFIB_JOURNAL_EVIDENCE) return {};
    return locks_in(stories_.of(entry.case_number).fault, entry.subject, entry.values);
}

std::string Narrator::evidence_line(const CaseStory& story) const {
    const std::string text = evidence_text(story.fault, story.evidence,
                                           [this](uint64_t address) { return symbol_at(address); });
    // Of what was found the moment that it began there is nothing more to say.
    const bool is_older = story.since_ns >= start_ns_ &&
                          story.since_ns + static_cast<uint64_t>(NS_A_MS) <= story.opened_ns;
    const std::string since =
        !is_older ? ""
                  : fmt::format("since {:.3f} s",
                                static_cast<double>(story.since_ns - start_ns_) / NS_A_SECOND);
    if (text.empty() && since.empty()) return {};
    return fmt::format("  {}{}{}", text, text.empty() || since.empty() ? "" : ", ", since);
}

std::string Narrator::victim_line(const DefibJournalEntry& entry) const {
    constexpr size_t MOST_SHOWN = 3;
    const auto& v = entry.values;
    std::string line =
        fmt::format("victim: {} {}, {}", entry.subject, comm_of(v[2], v[3]), victim_text(v[1]));
    const CaseStory& story = stories_.of(entry.case_number);
    const auto others = runners_up(story, entry);
    for (size_t i = 0; i < others.size() && i < MOST_SHOWN; i++) {
        const std::string why = culprit_text(story.fault, others[i].weight, others[i].growth);
        line += fmt::format("{}{} {}{}", i == 0 ? "; runners-up: " : ", ", others[i].pid,
                            others[i].name, why.empty() ? "" : fmt::format(" ({})", why));
    }
    if (others.size() > MOST_SHOWN) line += fmt::format(" and {} more", others.size() - MOST_SHOWN);
    return line;
}

// A step that is about the lock of the finding says which one.
std::string Narrator::step_line(const DefibJournalEntry& entry) const {
    const auto& v = entry.values;
    std::string line =
        fmt::format("DOES step {}: {}", v[0] + 1, name_of(NameOf::routine, entry.subject));
    const CaseStory& story = stories_.of(entry.case_number);
    for (const uint64_t lock : locks_in(story.fault, 0, story.evidence)) {
        if (std::find(std::begin(v) + 1, std::end(v), lock) == std::end(v)) continue;
        const std::string symbol = symbol_at(lock);
        line += symbol.empty() ? fmt::format(", lock {:#x}", lock)
                               : fmt::format(", lock {:#x} ({})", lock, symbol);
    }
    return line;
}

std::string Narrator::event_of(const DefibJournalEntry& entry) const {
    const auto& v = entry.values;
    const auto routine = [&] { return name_of(NameOf::routine, entry.subject); };
    const CaseStory& story = stories_.of(entry.case_number);
    switch (entry.kind) {
        case DEFIB_JOURNAL_STARTED:
            return "the engine runs";
        case DEFIB_JOURNAL_STOPPED:
            return "the engine has stopped";
        case DEFIB_JOURNAL_RESTARTED:
            return "the engine had died, and is started again; from here on it only observes";
        case DEFIB_JOURNAL_STORED:
            return fmt::format("wrote {} at {:#x}: {:#x} -> {:#x}",
                               name_of(NameOf::field, entry.subject), v[0], v[1], v[2]);
        case DEFIB_JOURNAL_TAKEN_BACK:
            return fmt::format("{}: half of it was written and taken back{}", routine(),
                               v[1] == 0 ? "" : ", but not all of it");
        case DEFIB_JOURNAL_OPENED: {
            const JournalWords fault = fault_words(entry.subject);
            return fmt::format("FOUND {}: {} (rule {})", fault.word, fault.text,
                               name_of(NameOf::rule, v[0]));
        }
        case DEFIB_JOURNAL_EVIDENCE:
            return entry.subject == 0 ? std::string() : evidence_line(story);
        case DEFIB_JOURNAL_CULPRIT: {
            const std::string why = culprit_text(story.fault, v[0], v[1]);
            return fmt::format("  culprit {} {}{}{}", entry.subject, comm_of(v[2], v[3]),
                               why.empty() ? "" : ", ", why);
        }
        case DEFIB_JOURNAL_LOG_LINE:
            return log_line(story.line);
        case DEFIB_JOURNAL_VICTIM:
            return victim_line(entry);
        case DEFIB_JOURNAL_STEP:
            return step_line(entry);
        case DEFIB_JOURNAL_GIVES_BACK:
            return fmt::format("FINALLY: {}", routine());
        case DEFIB_JOURNAL_WOULD:
            return fmt::format("would do: {}", routine());
        case DEFIB_JOURNAL_EXECUTED:
            return fmt::format("{}: {}{}{}", routine(), outcome_text(v[0]), v[1] != 0 ? ": " : "",
                               death_text(v[1]));
        case DEFIB_JOURNAL_FAILED:
            return fmt::format("step {} failed: {}: {}{}{}", v[3] + 1, routine(),
                               outcome_text(v[0]), v[1] != 0 ? ": " : "", death_text(v[1]));
        case DEFIB_JOURNAL_OBSERVED:
            return fmt::format("EFFECT of {} seen {} after it, {} after the finding", routine(),
                               ms(v[0]), ms(v[1]));
        case DEFIB_JOURNAL_DEADLINE:
            return fmt::format("no effect of {} within {}", routine(), ms(v[0]));
        case DEFIB_JOURNAL_PERSISTS:
            return fmt::format("{} had its effect, and the fault is still there after {}",
                               routine(), ms(v[0]));
        case DEFIB_JOURNAL_CLOSED:
            return fmt::format(
                "OVER: {}, {} after the finding{}", fault_words(entry.subject).word, ms(v[0]),
                v[2] == 0 ? ", by itself" : fmt::format(", {} after the repair began", ms(v[1])));
        case DEFIB_JOURNAL_EXHAUSTED:
            return fmt::format("{}: no step is left", fault_words(entry.subject).word);
        case DEFIB_JOURNAL_DECLINED:
            if (v[1] != 0) {
                return fmt::format("passes over {} {}: {}", v[1], comm_of(v[2], v[3]),
                                   decline_text(entry.subject));
            }
            return fmt::format("does nothing: {}", decline_text(entry.subject));
        case DEFIB_JOURNAL_IDENTITY_LOST:
            return "another kernel is there now, or this one boots again: nothing is done any more";
        case DEFIB_JOURNAL_UNDONE:
            return fmt::format("taken back by {}: {}", routine(), outcome_text(v[0]));
        case DEFIB_JOURNAL_DETECTOR_DIED:
            return fmt::format("detector {} could not look: {} ({:#x})",
                               name_of(NameOf::detector, entry.subject), death_text(v[0]), v[1]);
        case DEFIB_JOURNAL_RECORDS_LOST:
            return fmt::format("{} found more than there is room for: {} left out", routine(),
                               v[0]);
        case DEFIB_JOURNAL_REFUSED:
            return fmt::format("{} is off", routine());
        case DEFIB_JOURNAL_HOOK:
            return entry.subject == DEFIB_WAY_NONE
                       ? std::string("the hook is there: repairs go by it where they can")
                       : fmt::format("the hook is gone; {}", text_of_way(entry.subject));
        case DEFIB_JOURNAL_ASKED:
            return fmt::format("{} by the hook: {} ({:#x}, {})", routine(),
                               text_of_hook_kind(static_cast<uint32_t>(v[0])), v[1], v[2]);
        case DEFIB_JOURNAL_ANSWERED:
            return fmt::format("the hook on {}: {}, {} after it was asked", routine(),
                               text_of_hook_status(static_cast<uint32_t>(v[0])), ms(v[2]));
        case DEFIB_JOURNAL_BY_MEMORY:
            return fmt::format("{} {}", routine(), text_of_way(static_cast<uint32_t>(v[0])));
        case DEFIB_JOURNAL_LATE:
        case DEFIB_JOURNAL_FINDING:
        case DEFIB_JOURNAL_STORED_AT:
            return {};  // for machines
        default:
            return fmt::format("an entry of kind {}", entry.kind);
    }
}

std::string Narrator::line_of(const DefibJournalEntry& entry) {
    stories_.take(entry);
    const std::string event = event_of(entry);
    if (event.empty()) return {};
    const double seconds = static_cast<double>(entry.time_ns - start_ns_) / NS_A_SECOND;
    const std::string number =
        entry.case_number == 0 ? std::string() : fmt::format("#{}", entry.case_number);
    return fmt::format("{:>10.3f} s  {:<4} {}", seconds, number, event);
}

// The words for the entry's numbers.
void Narrator::add_words(const DefibJournalEntry& entry, nlohmann::ordered_json& json) const {
    switch (entry.kind) {
        case DEFIB_JOURNAL_OPENED:
            json["fault"] = fault_words(entry.subject).word;
            json["rule"] = name_of(NameOf::rule, entry.values[0]);
            break;
        case DEFIB_JOURNAL_CLOSED:
        case DEFIB_JOURNAL_EXHAUSTED:
            json["fault"] = fault_words(entry.subject).word;
            break;
        case DEFIB_JOURNAL_CULPRIT:
        case DEFIB_JOURNAL_VICTIM:
            json["name"] = comm_of(entry.values[2], entry.values[3]);
            break;
        case DEFIB_JOURNAL_EXECUTED:
        case DEFIB_JOURNAL_STEP:
        case DEFIB_JOURNAL_GIVES_BACK:
        case DEFIB_JOURNAL_WOULD:
        case DEFIB_JOURNAL_FAILED:
        case DEFIB_JOURNAL_OBSERVED:
        case DEFIB_JOURNAL_DEADLINE:
        case DEFIB_JOURNAL_PERSISTS:
        case DEFIB_JOURNAL_UNDONE:
        case DEFIB_JOURNAL_TAKEN_BACK:
        case DEFIB_JOURNAL_ASKED:
        case DEFIB_JOURNAL_ANSWERED:
        case DEFIB_JOURNAL_BY_MEMORY:
            json["routine"] = name_of(NameOf::routine, entry.subject);
            break;
        case DEFIB_JOURNAL_STORED:
        case DEFIB_JOURNAL_STORED_AT:
            json["field"] = name_of(NameOf::field, entry.subject);
            break;
        default:
            break;
    }
}

// What a finding is known by, beside the bare numbers.
void Narrator::add_finding(const DefibJournalEntry& entry, nlohmann::ordered_json& json) const {
    const CaseStory& story = stories_.of(entry.case_number);
    switch (entry.kind) {
        case DEFIB_JOURNAL_OPENED:
            json["since_ns"] = entry.values[2] - start_ns_;
            break;
        case DEFIB_JOURNAL_EVIDENCE:
            json["evidence"] = evidence_json(story.fault, entry.subject, entry.values);
            for (const uint64_t lock : locks_in(story.fault, entry.subject, entry.values)) {
                if (const auto symbol = symbol_at(lock); !symbol.empty()) json["symbol"] = symbol;
            }
            break;
        case DEFIB_JOURNAL_CULPRIT:
            json["weight"] = culprit_json(story.fault, entry.values[0], entry.values[1]);
            break;
        case DEFIB_JOURNAL_VICTIM:
            json["runners_up"] = nlohmann::ordered_json::array();
            for (const NamedCulprit& one : runners_up(story, entry)) {
                json["runners_up"].push_back(
                    {{"pid", one.pid},
                     {"name", one.name},
                     {"weight", culprit_json(story.fault, one.weight, one.growth)}});
            }
            break;
        case DEFIB_JOURNAL_LOG_LINE:
            if (!story.line.is_whole()) break;
            json["line"] = {{"sequence", story.line.sequence},
                            {"time_ns", story.line.time_ns},
                            {"level", story.line.level},
                            {"behind", story.line.behind},
                            {"text", printable(story.line.text)}};
            break;
        default:
            break;
    }
}

nlohmann::ordered_json Narrator::json_of(const DefibJournalEntry& entry) {
    stories_.take(entry);
    nlohmann::ordered_json json = {
        {"sequence", entry.sequence}, {"time_ns", entry.time_ns - start_ns_},
        {"engine_ns", entry.time_ns}, {"event", kind_name(entry.kind)},
        {"kind", entry.kind},         {"case", entry.case_number},
        {"subject", entry.subject}};
    add_words(entry, json);
    json["values"] = entry.values;
    add_finding(entry, json);
    const std::string text = event_of(entry);
    if (!text.empty()) json["text"] = text;
    return json;
}

}  // namespace defib::boot
