// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/sense.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "engine/abi/finding.h"

namespace defib::image {
namespace {

constexpr uint64_t KILL = 9;  // SIGKILL in include/uapi/asm-generic/signal.h

// Routines that are right for one fault only, whatever a rule says: they prove it, and do nothing
// where it is another.
struct Cure {
    std::string_view routine;
    uint32_t fault;
};
constexpr Cure CURES[] = {{"unlock", DEFIB_FAULT_SPINLOCK_LEAKED},
                          {"rescue_queue", DEFIB_FAULT_SPINLOCK_LEAKED},
                          {"clear_need_resched", DEFIB_FAULT_NEED_RESCHED},
                          {"requeue_log_work", DEFIB_FAULT_LOST_LOG_WORK}};

std::string_view name_of_fault(uint32_t fault) {
    switch (fault) {
#define DEFIB_FAULT_CASE(name, number, known, text) \
    case number:                                    \
        return known;
        DEFIB_FAULT_LIST(DEFIB_FAULT_CASE)
#undef DEFIB_FAULT_CASE
        default:
            return "any fault";
    }
}

const Word* word_of(const std::vector<Word>& words, uint32_t number) {
    const auto found = std::ranges::find(words, number, &Word::number);
    return found == words.end() ? nullptr : &*found;
}

std::optional<size_t> argument_of(const Word& word, std::string_view name) {
    const auto found = std::ranges::find(word.arguments, name, &WordArgument::name);
    const auto at = static_cast<size_t>(found - word.arguments.begin());
    if (found == word.arguments.end() || at >= DEFIB_ARGUMENTS) return std::nullopt;
    return at;
}

class RuleCheck {
  public:
    RuleCheck(const DefibPolicyRule& rule, const Vocabulary& words,
              std::vector<std::string>& problems)
        : rule_(rule), words_(words), problems_(problems) {}

    void check() {
        check_time();
        if (rule_.mode != DEFIB_MODE_ACT) return;
        check_victim();
        check_order();
        check_cures();
    }

  private:
    template <class... Parts>
    void complain(fmt::format_string<Parts...> what, Parts&&... parts) {
        problems_.push_back(fmt::format("rules ({}): {}", rule_.name,
                                        fmt::format(what, std::forward<Parts>(parts)...)));
    }

    // An oops is a finding for so long only: nothing undoes it.
    void check_time() {
        const Word* detector = word_of(words_.detectors, rule_.detector);
        if (detector == nullptr || rule_.fault != DEFIB_FAULT_OOPS) return;
        const auto at = argument_of(*detector, "oops_ms");
        if (at && rule_.held_ms >= rule_.thresholds[*at]) {
            complain("held_ms {}: an oops is told for oops_ms {} only", rule_.held_ms,
                     rule_.thresholds[*at]);
        }
    }

    void check_victim() {
        if (rule_.victim == DEFIB_VICTIM_NONE) return;
        const Word* detector = word_of(words_.detectors, rule_.detector);
        if (detector == nullptr) return;
        const auto fault = std::ranges::find(detector->faults, rule_.fault, &KnownFault::number);
        if (fault == detector->faults.end() || fault->names == Names::WHO_GROWS) return;
        const std::string_view name = name_of_fault(rule_.fault);
        if (fault->names == Names::NOBODY) {
            complain("it wants a victim, and {} names nobody", name);
        } else if (rule_.victim == DEFIB_VICTIM_FASTEST || rule_.least_growth != 0) {
            complain("it asks how fast the victim grows, and {} does not tell it", name);
        }
    }

    // Who was killed takes no other signal.
    void check_order() {
        bool is_killed = false;
        for (uint32_t i = 0; i < rule_.step_count; i++) {
            const DefibPolicyStep& step = rule_.steps[i];
            const Word* routine = word_of(words_.routines, step.routine);
            const auto at = routine == nullptr ? std::nullopt : argument_of(*routine, "signal");
            if (!at || *at >= step.argument_count ||
                step.arguments[*at].source != DEFIB_FROM_LITERAL)
                continue;
            const uint64_t signal = step.arguments[*at].literal;
            if (is_killed && signal != KILL) {
                complain("steps[{}] sends signal {} to who was killed before", i, signal);
            }
            is_killed = is_killed || signal == KILL;
        }
    }

    void check_cures() {
        for (uint32_t i = 0; i < rule_.step_count; i++) {
            const Word* routine = word_of(words_.routines, rule_.steps[i].routine);
            if (routine == nullptr) continue;
            const auto cure = std::ranges::find(CURES, routine->name, &Cure::routine);
            if (cure == std::end(CURES) || cure->fault == rule_.fault) continue;
            complain("steps[{}]: {} is for {}, and does nothing about {}", i, routine->name,
                     name_of_fault(cure->fault), name_of_fault(rule_.fault));
        }
    }

    const DefibPolicyRule& rule_;
    const Vocabulary& words_;
    std::vector<std::string>& problems_;
};

}  // namespace

void find_nonsense(const DefibPolicy& policy, const Vocabulary& vocabulary,
                   std::vector<std::string>& problems) {
    for (const DefibPolicyRule& rule : std::span(policy.rules, policy.rule_count)) {
        RuleCheck(rule, vocabulary, problems).check();
    }
}

}  // namespace defib::image
