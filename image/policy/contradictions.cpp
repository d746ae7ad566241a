// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/contradictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

namespace defib::image {
namespace {

struct Range {
    uint64_t least = 0;
    uint64_t most = ~uint64_t{0};

    bool is_empty() const { return least > most; }
};

// The values that a comparison admits; `is_not` admits nearly all.
Range range_of(const DefibPolicyCondition& condition) {
    switch (condition.comparison) {
        case DEFIB_IS_AT_LEAST:
            return {condition.value, ~uint64_t{0}};
        case DEFIB_IS_BELOW:
            return condition.value == 0 ? Range{1, 0} : Range{0, condition.value - 1};
        case DEFIB_IS:
            return {condition.value, condition.value};
        default:
            return {};
    }
}

std::span<const DefibPolicyCondition> conditions(const DefibPolicyRule& rule) {
    return {rule.conditions, rule.condition_count};
}

bool can_ever_hold(const DefibPolicyRule& rule) {
    const auto all = conditions(rule);
    if (rule.join == DEFIB_JOIN_ANY) {
        return all.empty() ||
               std::ranges::any_of(all, [](const auto& one) { return !range_of(one).is_empty(); });
    }
    for (const auto& one : all) {
        Range range = range_of(one);
        for (const auto& other : all) {
            if (other.evidence != one.evidence) continue;
            const Range second = range_of(other);
            range = {std::max(range.least, second.least), std::min(range.most, second.most)};
            const bool is_forbidden = other.comparison == DEFIB_IS_NOT &&
                                      range.least == range.most && range.least == other.value;
            if (is_forbidden) return false;
        }
        if (range.is_empty()) return false;
    }
    return true;
}

// The same path, or one above it.
bool covers(std::string_view above, std::string_view below) {
    if (above == "/") return true;
    return below.starts_with(above) && (below.size() == above.size() || below[above.size()] == '/');
}

bool holds_always(const DefibPolicyCondition& condition) {
    const Range range = range_of(condition);
    return condition.comparison != DEFIB_IS_NOT && range.least == 0 && range.most == ~uint64_t{0};
}

// Whether one condition is not met but where the other is.
bool follows_from(const DefibPolicyCondition& looser, const DefibPolicyCondition& stricter) {
    if (looser.evidence != stricter.evidence) return false;
    const Range range = range_of(stricter);
    if (looser.comparison == DEFIB_IS_NOT) {
        return stricter.comparison == DEFIB_IS_NOT
                   ? stricter.value == looser.value
                   : looser.value < range.least || looser.value > range.most;
    }
    const Range wanted = range_of(looser);
    return stricter.comparison != DEFIB_IS_NOT && wanted.least <= range.least &&
           range.most <= wanted.most;
}

// Whether the earlier rule's conditions hold wherever the later one's do.
bool asks_no_more(const DefibPolicyRule& earlier, const DefibPolicyRule& later) {
    const auto follows = [&](const DefibPolicyCondition& wanted) {
        return holds_always(wanted) ||
               std::ranges::any_of(conditions(later), [&](const DefibPolicyCondition& given) {
                   return follows_from(wanted, given);
               });
    };
    const auto all = conditions(earlier);
    const bool is_open = earlier.join == DEFIB_JOIN_ANY && std::ranges::any_of(all, holds_always);
    if (all.empty() || is_open) return true;
    // Of conditions of which any one does, each has to be enough for one of the earlier rule's.
    if (later.join == DEFIB_JOIN_ANY && later.condition_count > 1) {
        return earlier.join == DEFIB_JOIN_ANY &&
               std::ranges::all_of(conditions(later), [&](const DefibPolicyCondition& given) {
                   return std::ranges::any_of(all, [&](const DefibPolicyCondition& wanted) {
                       return follows_from(wanted, given);
                   });
               });
    }
    return earlier.join == DEFIB_JOIN_ANY ? std::ranges::any_of(all, follows)
                                          : std::ranges::all_of(all, follows);
}

// Whether it has a victim wherever the later rule has one.
bool spares_no_more(const DefibPolicyRule& earlier, const DefibPolicyRule& later) {
    if (earlier.victim == DEFIB_VICTIM_NONE) return true;
    const bool is_as_wide =
        earlier.within[0] == 0 || (later.within[0] != 0 && covers(earlier.within, later.within));
    return later.victim != DEFIB_VICTIM_NONE && is_as_wide &&
           earlier.least_weight <= later.least_weight && earlier.least_growth <= later.least_growth;
}

// Whoever meets the later rule has met the earlier one, which then has it in hand.
bool is_hidden_by(const DefibPolicyRule& later, const DefibPolicyRule& earlier) {
    const bool is_same_finding =
        later.detector == earlier.detector && (earlier.fault == 0 || later.fault == earlier.fault);
    return is_same_finding && earlier.held_ms <= later.held_ms && earlier.mode == DEFIB_MODE_ACT &&
           later.mode == DEFIB_MODE_ACT && asks_no_more(earlier, later) &&
           spares_no_more(earlier, later);
}

void check_rule(const DefibPolicy& policy, const DefibPolicyRule& rule,
                std::vector<std::string>& problems) {
    const auto complain = [&](std::string_view what) {
        problems.push_back(fmt::format("rules ({}): {}", rule.name, what));
    };
    if (!can_ever_hold(rule)) complain("when can never hold");
    if (rule.mode != DEFIB_MODE_ACT) return;
    if (rule.step_count == 0) complain("it acts, and has no steps");
    if (rule.acts_per_hour == 0) complain("it acts, and repairs_per_hour is 0");
    if (rule.victim == DEFIB_VICTIM_NONE &&
        (rule.within[0] != 0 || rule.least_weight != 0 || rule.least_growth != 0)) {
        complain("it says who may be a victim, and chooses none");
    }
    for (uint32_t i = 0; i < policy.cgroup_count; i++) {
        if (rule.within[0] != 0 && covers(policy.cgroups[i], rule.within)) {
            complain(fmt::format("its victims are of {}, and {} is protected", rule.within,
                                 policy.cgroups[i]));
        }
    }
}

}  // namespace

void find_contradictions(const DefibPolicy& policy, std::vector<std::string>& problems) {
    const std::span rules(policy.rules, policy.rule_count);
    for (size_t i = 0; i < rules.size(); i++) {
        check_rule(policy, rules[i], problems);
        for (size_t k = 0; k < i; k++) {
            if (std::string_view(rules[k].name) == rules[i].name) {
                problems.push_back(fmt::format("rules ({}): two have this name", rules[i].name));
            } else if (is_hidden_by(rules[i], rules[k])) {
                problems.push_back(
                    fmt::format("rules ({}): never reached, for rule {} takes all of its findings",
                                rules[i].name, rules[k].name));
            }
        }
    }
    const bool acts = std::ranges::any_of(
        rules, [](const DefibPolicyRule& rule) { return rule.mode == DEFIB_MODE_ACT; });
    if (policy.mode == DEFIB_MODE_ACT && acts && policy.acts_per_hour == 0) {
        problems.emplace_back("the policy acts, and repairs_per_hour is 0");
    }
}

}  // namespace defib::image
