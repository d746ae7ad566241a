// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/cases.h"

#include "engine/runtime/journal.h"
#include "engine/runtime/victim.h"

namespace defib::runtime {
namespace {

constexpr uint64_t MS = 1000000;
constexpr uint64_t HOUR_NS = 3600000 * MS;

DefibCase* find_case(DefibResponder& responder, uint32_t rule, const DefibFinding& finding) {
#pragma clang loop unroll(disable)
    for (DefibCase& one : responder.cases) {
        if (one.state != DEFIB_CASE_FREE && one.rule == rule &&
            one.finding.fault == finding.fault && one.finding.key == finding.key) {
            return &one;
        }
    }
    return nullptr;
}

DefibCase* free_case(DefibResponder& responder) {
#pragma clang loop unroll(disable)
    for (DefibCase& one : responder.cases) {
        if (one.state == DEFIB_CASE_FREE) return &one;
    }
    return nullptr;
}

void open_case(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    one.is_open = 1;
    one.is_told = 0;
    one.steps_taken = 0;
    one.opened_ns = now_ns;
    one.held_from_ns = now_ns;
    one.declined = DEFIB_DECLINE_NONE;
    one.number = ++engine.responder->next_case;
    const DefibFinding& finding = one.finding;
    DefibJournal& journal = *engine.journal;
    append(journal, now_ns, DEFIB_JOURNAL_OPENED, finding.fault,
           {one.rule, finding.key, finding.since_ns, finding.culprits}, one.number);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_FINDING_EVIDENCE; i += DEFIB_JOURNAL_VALUES) {
        const uint64_t* evidence = finding.evidence + i;
        append(journal, now_ns, DEFIB_JOURNAL_EVIDENCE, i,
               {evidence[0], evidence[1], evidence[2], evidence[3]}, one.number);
    }
}

// Whether `limit` repairs were begun within the last hour.
bool is_spent(uint64_t begun, const uint64_t* times, uint32_t room, uint32_t limit,
              uint64_t now_ns) {
    if (limit == 0) return true;
    if (begun < limit) return false;
    return now_ns - times[(begun - limit) % room] < HOUR_NS;
}

}  // namespace

DefibCase* update_case(DefibEngine& engine, uint32_t rule, const DefibFinding& finding,
                       uint64_t now_ns) {
    DefibResponder& responder = *engine.responder;
    DefibCase* one = find_case(responder, rule, finding);
    if (one == nullptr) {
        one = free_case(responder);
        if (one == nullptr) {
            if (responder.is_full == 0) {
                append(*engine.journal, now_ns, DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_CASES_FULL,
                       {rule, 0, 0, 0});
            }
            responder.is_full = 1;
            return nullptr;
        }
        *one = {};
        one->state = DEFIB_CASE_WATCHED;
        one->rule = rule;
    }
    one->finding = finding;
    one->was_seen = 1;
    one->seen_ns = now_ns;
    // A victim of a repair in hand stays who it is; runners-up are those of this run.
    one->culprit_count = 0;
    if (one->is_open == 0) open_case(engine, *one, now_ns);
    return one;
}

void keep_culprit(DefibCase& one, const DefibCulprit& culprit, uint32_t measure) {
    if (one.culprit_count < DEFIB_CASE_CULPRITS) {
        one.culprits[one.culprit_count++] = culprit;
        return;
    }
    if (measure <= DEFIB_VICTIM_LISTED) return;
    uint32_t lowest = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 1; i < DEFIB_CASE_CULPRITS; i++) {
        if (rank_of(one.culprits[i], measure, i) < rank_of(one.culprits[lowest], measure, lowest)) {
            lowest = i;
        }
    }
    const bool is_higher = rank_of(culprit, measure, DEFIB_CASE_CULPRITS) >
                           rank_of(one.culprits[lowest], measure, lowest);
    if (is_higher) one.culprits[lowest] = culprit;
}

void cool_down(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    DefibResponder& responder = *engine.responder;
    one.state = DEFIB_CASE_COOLING;
    one.until_ns = now_ns + responder.policy.rules[one.rule].cooldown_ms * MS;
    one.has_victim = 0;
    // What this repair may have cured along with its own finding has to show itself anew.
#pragma clang loop unroll(disable)
    for (DefibCase& other : responder.cases) {
        if (other.state == DEFIB_CASE_WATCHED) other.held_from_ns = now_ns;
    }
}

void close_case(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const bool was_repaired = one.steps_taken != 0;
    one.is_open = 0;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_CLOSED, one.finding.fault,
           {now_ns - one.opened_ns, was_repaired ? now_ns - one.begun_ns : 0, one.steps_taken, 0},
           one.number);
    const bool restores = one.state == DEFIB_CASE_RESTORING;
    if (is_in_hand(one) && !restores) cool_down(engine, one, now_ns);
    if (one.state == DEFIB_CASE_WATCHED) one.state = DEFIB_CASE_FREE;
    if (one.state == DEFIB_CASE_FREE) engine.responder->is_full = 0;
}

DefibDecline spend_budget(DefibResponder& responder, uint32_t rule, uint64_t now_ns) {
    const DefibPolicy& policy = responder.policy;
    uint64_t* times = responder.acts_ns[rule];
    if (is_spent(responder.acts[rule], times, DEFIB_POLICY_ACTS_MAX,
                 policy.rules[rule].acts_per_hour, now_ns)) {
        return DEFIB_DECLINE_RULE_BUDGET;
    }
    if (is_spent(responder.all_acts, responder.all_acts_ns, DEFIB_POLICY_ALL_ACTS_MAX,
                 policy.acts_per_hour, now_ns)) {
        return DEFIB_DECLINE_POLICY_BUDGET;
    }
    times[responder.acts[rule]++ % DEFIB_POLICY_ACTS_MAX] = now_ns;
    responder.all_acts_ns[responder.all_acts++ % DEFIB_POLICY_ALL_ACTS_MAX] = now_ns;
    return DEFIB_DECLINE_NONE;
}

}  // namespace defib::runtime
