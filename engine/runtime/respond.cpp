// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/respond.h"

#include "engine/routines/views/log_records.h"
#include "engine/runtime/cases.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/policy.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/repair.h"
#include "engine/runtime/statistics.h"
#include "engine/runtime/victim.h"

namespace defib::runtime {
namespace {

constexpr uint64_t MS = 1000000;

bool holds(const DefibPolicyCondition& condition, const DefibFinding& finding) {
    const uint64_t value = finding.evidence[condition.evidence];
    switch (condition.comparison) {
        case DEFIB_IS_AT_LEAST:
            return value >= condition.value;
        case DEFIB_IS_BELOW:
            return value < condition.value;
        case DEFIB_IS:
            return value == condition.value;
        default:
            return value != condition.value;
    }
}

bool conditions_hold(const DefibPolicyRule& rule, const DefibFinding& finding) {
    if (rule.condition_count == 0) return true;
    uint32_t held = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < rule.condition_count; i++) {
        if (holds(rule.conditions[i], finding)) held++;
    }
    return rule.join == DEFIB_JOIN_ANY ? held > 0 : held == rule.condition_count;
}

// Of two detectors, and one shortage: memory that is full and swap that fills.
bool is_of_memory(uint32_t fault) {
    return fault == DEFIB_FAULT_MEMORY_LOW || fault == DEFIB_FAULT_MEMORY_FALLING ||
           fault == DEFIB_FAULT_MEMORY_PRESSURE || fault == DEFIB_FAULT_THRASH;
}
bool is_one_trouble(const DefibResponder& responder, const DefibCase& one, const DefibCase& other) {
    const DefibPolicyRule* rules = responder.policy.rules;
    return rules[other.rule].detector == rules[one.rule].detector ||
           (is_of_memory(one.finding.fault) && is_of_memory(other.finding.fault));
}

// Another repair of this fault, or of this task, is in hand; or one of another fault that the same
// detector sees, until it has cooled down: memory that is low and memory that falls are one
// shortage, and what ends the one ends the other.
bool is_busy(const DefibResponder& responder, const DefibCase& one) {
#pragma clang loop unroll(disable)
    for (const DefibCase& other : responder.cases) {
        const bool is_same_fault = other.finding.fault == one.finding.fault;
        const bool is_cooling = other.state == DEFIB_CASE_COOLING && !is_same_fault;
        if (&other == &one || (!is_in_hand(other) && !is_cooling)) continue;
        if (is_same_fault || is_one_trouble(responder, one, other)) return true;
        if (!is_in_hand(other)) continue;
        const bool is_same_task = one.has_victim != 0 && other.has_victim != 0 &&
                                  one.victim.tgid == other.victim.tgid &&
                                  one.victim.start_ns == other.victim.start_ns;
        if (is_same_task) return true;
    }
    return false;
}

// Says once why nothing is done, and again when the reason is another one.
void decline(DefibEngine& engine, DefibCase& one, DefibDecline why, uint64_t now_ns) {
    if (one.declined == why) return;
    one.declined = why;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_DECLINED, why, {one.rule, 0, 0, 0}, one.number);
}

// Of a policy that only observes: what would be done.
void note_intent(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const DefibPolicyRule& rule = engine.responder->policy.rules[one.rule];
    note_victim(engine, one, now_ns);
    if (rule.step_count == 0) return;
    const DefibPolicyStep& step = rule.steps[0];
    uint64_t arguments[DEFIB_ARGUMENTS];
    fill_arguments(step, one, arguments);
    append(*engine.journal, now_ns, DEFIB_JOURNAL_WOULD, step.routine,
           {0, arguments[0], arguments[1], arguments[2]}, one.number);
}

// A finding was there just now. Whether something is to be done about it.
void consider(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    DefibResponder& responder = *engine.responder;
    const DefibPolicyRule& rule = responder.policy.rules[one.rule];
    if (now_ns - one.held_from_ns < rule.held_ms * MS) return;
    if (!conditions_hold(rule, one.finding)) {
        return decline(engine, one, DEFIB_DECLINE_CONDITIONS, now_ns);
    }
    const Tell tell = one.declined == DEFIB_DECLINE_NONE || one.declined == DEFIB_DECLINE_CONDITIONS
                          ? Tell::everything
                          : Tell::nothing;
    const bool has_victim =
        rule.victim == DEFIB_VICTIM_NONE || choose_victim(engine, one, tell, now_ns);
    if (!has_victim) return decline(engine, one, DEFIB_DECLINE_NO_VICTIM, now_ns);
    const bool observes_all = responder.policy.mode != DEFIB_MODE_ACT;
    if (observes_all || rule.mode != DEFIB_MODE_ACT) {
        if (tell == Tell::everything) note_intent(engine, one, now_ns);
        return decline(engine, one,
                       observes_all ? DEFIB_DECLINE_POLICY_OBSERVES : DEFIB_DECLINE_RULE_OBSERVES,
                       now_ns);
    }
    if (responder.is_stopping != 0) return decline(engine, one, DEFIB_DECLINE_STOPPING, now_ns);
    if (is_busy(responder, one)) return decline(engine, one, DEFIB_DECLINE_BUSY, now_ns);
    if (const DefibDecline spent = spend_budget(responder, one.rule, now_ns)) {
        return decline(engine, one, spent, now_ns);
    }
    note_victim(engine, one, now_ns);
    one.found = engine.statistics.found;
    begin_repair(one, now_ns);
    count_time(engine.statistics.times[DEFIB_TIMES_CHOICE], ticks() - one.found);
}

void note_culprits(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    if (one.is_told != 0) return;
    one.is_told = 1;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < one.culprit_count; i++) {
        const DefibCulprit& culprit = one.culprits[i];
        append(*engine.journal, now_ns, DEFIB_JOURNAL_CULPRIT, static_cast<uint32_t>(culprit.pid),
               {culprit.weight, culprit.growth, half_of_name(culprit.comm, 0),
                half_of_name(culprit.comm, 1)},
               one.number);
    }
}

// How many records of the log follow that one without another between them.
uint32_t lines_behind(const DefibRecords& records, uint32_t at) {
    uint32_t count = 0;
#pragma clang loop unroll(disable)
    while (at < records.used) {
        const auto* header = pointer_to<const DefibRecordHeader>(records.bytes + at);
        if (header->kind != DEFIB_RECORD_LOG) break;
        count++;
        at += static_cast<uint32_t>(sizeof(DefibRecordHeader)) + ((header->size + 7) & ~7U);
    }
    return count - 1;
}

// Of a panic the log's last lines may be all that anybody will ever know.
void note_log_line(DefibEngine& engine, const DefibCase& one, const DefibLogRecord& line,
                   uint32_t behind, uint64_t now_ns) {
    const uint32_t subject = behind << DEFIB_LOG_LINE_SHIFT;
    uint32_t length = line.length < sizeof line.text ? line.length : sizeof line.text;
    if (length > DEFIB_LOG_LINE_MOST) length = DEFIB_LOG_LINE_MOST;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_LOG_LINE, subject,
           {line.sequence, line.time_ns, line.level, length}, one.number);
#pragma clang loop unroll(disable)
    for (uint32_t word = 0; word * 8 < length; word += DEFIB_JOURNAL_VALUES) {
        const uint64_t* text = line.text + word;
        append(*engine.journal, now_ns, DEFIB_JOURNAL_LOG_LINE,
               subject | (1 + word / DEFIB_JOURNAL_VALUES), {text[0], text[1], text[2], text[3]},
               one.number);
    }
}

void take_payload(DefibEngine& engine, uint32_t rule, const DefibRecordHeader& header,
                  DefibCase*& current, uint64_t now_ns) {
    DefibResponder& responder = *engine.responder;
    if (header.kind == DEFIB_RECORD_FINDING && header.size == sizeof(DefibFinding)) {
        const auto& finding = *reinterpret_cast<const DefibFinding*>(&header + 1);
        const uint32_t wanted = responder.policy.rules[rule].fault;
        current = wanted == 0 || wanted == finding.fault
                      ? update_case(engine, rule, finding, now_ns)
                      : nullptr;
    } else if (header.kind == DEFIB_RECORD_CULPRIT && header.size == sizeof(DefibCulprit)) {
        if (current == nullptr) return;
        keep_culprit(*current, *reinterpret_cast<const DefibCulprit*>(&header + 1),
                     responder.policy.rules[rule].victim);
    } else if (header.kind != DEFIB_RECORD_LOG || header.size != sizeof(DefibLogRecord)) {
        current = nullptr;
    }
}

// A finding that did not come again is over.
void close_absent(DefibEngine& engine, uint32_t rule, uint64_t now_ns) {
#pragma clang loop unroll(disable)
    for (DefibCase& one : engine.responder->cases) {
        if (one.state == DEFIB_CASE_FREE || one.rule != rule) continue;
        if (one.was_seen == 0 && one.is_open != 0) close_case(engine, one, now_ns);
    }
}

bool is_same_watch(const DefibDetector& detector, const DefibPolicyRule& rule) {
    if (detector.routine != rule.detector || detector.period_ns != rule.period_ms * MS) {
        return false;
    }
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) {
        if (detector.arguments[i] != rule.thresholds[i]) return false;
    }
    return true;
}

// One run serves all rules that want the same of the same detector.
DefibDetector& detector_of(DefibEngine& engine, const DefibPolicyRule& rule, uint64_t now_ns) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < engine.detector_count; i++) {
        if (is_same_watch(engine.detectors[i], rule)) return engine.detectors[i];
    }
    DefibDetector& detector = engine.detectors[engine.detector_count++];
    detector.routine = rule.detector;
    detector.rules = 0;
    detector.period_ns = rule.period_ms * MS;
    detector.due_ns = now_ns;
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) detector.arguments[i] = rule.thresholds[i];
    return detector;
}

void take_for_rule(DefibEngine& engine, uint32_t rule, const DefibRecords& records,
                   uint64_t now_ns) {
    DefibCase* current = nullptr;
    uint32_t at = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < records.count && at < records.used; i++) {
        const auto* header = pointer_to<const DefibRecordHeader>(records.bytes + at);
        take_payload(engine, rule, *header, current, now_ns);
        if (current != nullptr && header->kind == DEFIB_RECORD_LOG) {
            note_log_line(engine, *current, *reinterpret_cast<const DefibLogRecord*>(header + 1),
                          lines_behind(records, at), now_ns);
        }
        at += static_cast<uint32_t>(sizeof(DefibRecordHeader)) + ((header->size + 7) & ~7U);
    }
    // Records that found no room may be of findings that are known: these are not over then.
    if (records.lost == 0) close_absent(engine, rule, now_ns);
}

}  // namespace

void start_responder(DefibEngine& engine, uint64_t now_ns) {
    if (engine.responder == nullptr) return;
    DefibResponder& responder = *engine.responder;
    engine.detector_count = 0;
    if (!check_policy(responder.policy)) {
        responder.is_stopped = DEFIB_DECLINE_BAD_POLICY;
        return append(*engine.journal, now_ns, DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BAD_POLICY);
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < responder.policy.rule_count; i++) {
        DefibDetector& detector = detector_of(engine, responder.policy.rules[i], now_ns);
        detector.rules |= 1U << i;
    }
}

void take_findings(DefibEngine& engine, uint32_t number, const DefibRecords& records,
                   uint64_t now_ns) {
    if (engine.responder == nullptr || engine.responder->is_stopped != 0) return;
    engine.statistics.found = ticks();
    DefibResponder& responder = *engine.responder;
    const uint32_t rules = engine.detectors[number].rules;
#pragma clang loop unroll(disable)
    for (DefibCase& one : responder.cases) one.was_seen = 0;
    // All of it is copied out first: whatever is executed next overwrites the records.
#pragma clang loop unroll(disable)
    for (uint32_t rule = 0; rule < DEFIB_POLICY_RULES; rule++) {
        if ((rules >> rule & 1) != 0) take_for_rule(engine, rule, records, now_ns);
    }
#pragma clang loop unroll(disable)
    for (DefibCase& one : responder.cases) {
        if (one.state == DEFIB_CASE_FREE || one.was_seen == 0) continue;
        note_culprits(engine, one, now_ns);
        if (one.state == DEFIB_CASE_WATCHED) consider(engine, one, now_ns);
        if (one.state == DEFIB_CASE_COOLING) decline(engine, one, DEFIB_DECLINE_COOLING, now_ns);
    }
}

void respond(DefibEngine& engine, uint64_t now_ns) {
    if (engine.responder == nullptr || engine.responder->is_stopped != 0) return;
#pragma clang loop unroll(disable)
    for (DefibCase& one : engine.responder->cases) {
        if (one.state == DEFIB_CASE_FREE || one.state == DEFIB_CASE_WATCHED) continue;
        advance(engine, one, now_ns);
        if (engine.responder->is_stopped != 0) return;
    }
}

void settle(DefibEngine& engine) {
    if (engine.responder != nullptr) engine.responder->is_stopping = 1;
}

bool is_settled(const DefibEngine& engine) {
    if (engine.responder == nullptr || engine.responder->is_stopped != 0) return true;
#pragma clang loop unroll(disable)
    for (const DefibCase& one : engine.responder->cases) {
        if (is_in_hand(one) || one.owes != 0) return false;
    }
    return true;
}

uint64_t next_look_ns(const DefibEngine& engine) {
    uint64_t next = ~uint64_t{0};
    if (engine.responder == nullptr || engine.responder->is_stopped != 0) return next;
#pragma clang loop unroll(disable)
    for (const DefibCase& one : engine.responder->cases) {
        if (is_in_hand(one) && one.look_ns < next) next = one.look_ns;
        if (one.state != DEFIB_CASE_COOLING || one.owes == 0) continue;
        const uint64_t due_ns = engine.responder->is_stopping != 0 ? 0 : one.until_ns;
        if (due_ns < next) next = due_ns;
    }
    return next;
}

}  // namespace defib::runtime
