// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/verdict.h"

#include <algorithm>
#include <map>

#include "tests/detect/expected.h"

namespace defib::matrix {
namespace {

using recover::Event;

// With one of several, parted by bars.
bool begins(std::string_view word, std::string_view with) {
    const size_t bar = with.find('|');
    if (bar != std::string_view::npos) {
        return begins(word, with.substr(0, bar)) || begins(word, with.substr(bar + 1));
    }
    return !with.empty() && word.starts_with(with);
}

// True of such a machine besides what is owed.
bool is_true_too(const std::string& fault, const Case* one) {
    const detect::Expected* expected = one == nullptr ? nullptr : detect::expected_of(one->fault());
    if (expected == nullptr) return false;
    return std::ranges::any_of(expected->also,
                               [&](DefibFault also) { return fault == detect::name_of(also); });
}

void note_once(std::vector<std::string>& words, const std::string& word) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
}

}  // namespace

Verdict judge(std::span<const Event> events, lab::Clock::time_point struck, const Case* one) {
    Verdict verdict;
    std::map<uint64_t, std::string> cases;  // number to fault
    for (const Event& event : events) {
        const double at_s = std::chrono::duration<double>(event.at() - struck).count();
        const uint64_t number = event.number("case");
        const std::string fault =
            event.is("finding") ? event.text("fault") : std::string(cases[number]);
        const bool is_owed = one != nullptr && begins(fault, one->finding);
        if (event.is("finding")) {
            cases[number] = fault;
            // Before it strikes nothing is the matter.
            if (at_s < 0 || (!is_owed && !is_true_too(fault, one)))
                note_once(verdict.false_findings, fault);
            else if (is_owed && verdict.found_s < 0)
                verdict.found_s = at_s;
            if (is_owed) verdict.open++;
        } else if (event.is("over") && is_owed && verdict.open > 0) {
            verdict.open--;
            verdict.over_s = at_s;
        } else if (event.is("over") && fault.empty() && event.json["values"][2] != 0) {
            // Its beginning was lost: a repair of hundreds of stores overruns the journal's ring.
            const std::string unseen = event.text("fault");
            if (one == nullptr || !begins(unseen, one->finding))
                note_once(verdict.harm, "a repair for " + unseen);
        } else if (event.is("step")) {
            verdict.repairs.push_back(event.text("routine"));
            if (!is_owed) note_once(verdict.harm, event.text("routine") + " for " + fault);
        } else if (event.is("victim") && !cases[number].empty()) {
            const bool is_fair = one != nullptr && begins(event.text("name"), one->victims);
            if (!is_fair) note_once(verdict.harm, "chose " + event.text("name"));
        }
        if (!event.text("text").empty() && !event.is("stopped")) verdict.last = event.text("text");
    }
    return verdict;
}

}  // namespace defib::matrix
