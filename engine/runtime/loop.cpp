// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/loop.h"

#include <stddef.h>

#include "engine/runtime/act.h"
#include "engine/runtime/detect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/gather.h"
#include "engine/runtime/hook.h"
#include "engine/runtime/identity.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/respond.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/statistics.h"
#include "engine/runtime/view.h"

namespace defib::runtime {
namespace {

void note_findings(DefibEngine& engine, uint32_t detector, const DefibRecords& records,
                   uint64_t now_ns) {
    uint32_t at = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < records.count && at < records.used; i++) {
        const auto* header = pointer_to<const DefibRecordHeader>(records.bytes + at);
        const auto* payload = reinterpret_cast<const uint64_t*>(header + 1);
        const uint32_t words = (header->size + 7) / 8;
        append(*engine.journal, now_ns, DEFIB_JOURNAL_FINDING, detector,
               {header->kind, words > 0 ? payload[0] : 0, words > 1 ? payload[1] : 0,
                words > 2 ? payload[2] : 0});
        at += static_cast<uint32_t>(sizeof(DefibRecordHeader)) + words * 8;
    }
    if (records.lost != 0) {
        append(*engine.journal, now_ns, DEFIB_JOURNAL_RECORDS_LOST,
               engine.detectors[detector].routine, {records.lost, 0, 0, 0});
    }
}

// What a run of detector `number` came to.
void take_outcome(DefibEngine& engine, uint32_t number, const DefibContext* context,
                  uint64_t now_ns) {
    DefibDetector& detector = engine.detectors[number];
    if (context == nullptr) return;
    if (context->death != DEFIB_DEATH_NONE) {
        // A kernel in trouble is hard to read, run after run; the journal is for the rest.
        if (detector.deaths++ != 0) return;
        return append(*engine.journal, now_ns, DEFIB_JOURNAL_DETECTOR_DIED, number,
                      {context->death, context->death_address, 0, 0});
    }
    detector.deaths = 0;
    // A copy: the context is the responder's to use.
    const DefibRecords found = context->records;
    if (engine.responder == nullptr) return note_findings(engine, number, found, now_ns);
    if (found.lost != 0) {
        append(*engine.journal, now_ns, DEFIB_JOURNAL_RECORDS_LOST, detector.routine,
               {found.lost, 0, 0, 0});
    }
    take_findings(engine, number, found, now_ns);
}

// Once a second at most: a processor that is late for one run is late for many.
void note_late(DefibEngine& engine, uint32_t number, uint64_t late_ns, uint64_t now_ns) {
    constexpr uint64_t SECOND_NS = 1000000000;
    DefibDetector& detector = engine.detectors[number];
    if (late_ns <= detector.period_ns) return;
    if (detector.late_said_ns != 0 && now_ns - detector.late_said_ns < SECOND_NS) return;
    detector.late_said_ns = now_ns;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_LATE, number, {late_ns, 0, 0, 0});
}

// Whether there were any.
bool run_due_detectors(DefibEngine& engine, uint64_t now_ns) {
    DueDetectors due;
    due.count = 0;
    const uint32_t count =
        engine.detector_count < DEFIB_DETECTORS ? engine.detector_count : DEFIB_DETECTORS;
#pragma clang loop unroll(disable)
    for (uint32_t number = 0; number < count; number++) {
        if (now_ns >= engine.detectors[number].due_ns) due.numbers[due.count++] = number;
    }
    if (due.count == 0) return false;
    if (engine.responder != nullptr && !is_still_the_kernel(engine, now_ns)) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < due.count; i++) {
        DefibDetector& detector = engine.detectors[due.numbers[i]];
        note_late(engine, due.numbers[i], now_ns - detector.due_ns, now_ns);
        // From now, not from its due time: after a pause it runs once, not once for each missed
        // one.
        detector.due_ns = now_ns + detector.period_ns;
    }
    run_detectors(engine, due, now_ns);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < due.count; i++) {
        take_outcome(engine, due.numbers[i], outcome_of(engine, due, i, now_ns), now_ns);
    }
    return true;
}

Turn carry_out(DefibEngine& engine, const DefibCommand& command, uint64_t now_ns,
               DefibAnswer& answer) {
    switch (command.kind) {
        case DEFIB_COMMAND_STOP:
            // Not yet answered: what is in hand is finished first.
            settle(engine);
            if (!is_settled(engine)) return Turn::go_on;
            use_hook(engine, 0, now_ns);
            append(*engine.journal, now_ns, DEFIB_JOURNAL_STOPPED, 0);
            return Turn::stop;
        case DEFIB_COMMAND_VIEW:
            run_view(engine, command, now_ns, answer);
            break;
        case DEFIB_COMMAND_ACT:
        case DEFIB_COMMAND_PLAN:
            // Whoever asks may have begun long ago, beside a guard: another kernel may have booted.
            if (engine.responder != nullptr && !is_still_the_kernel(engine, now_ns)) {
                answer.outcome = DEFIB_OUTCOME_REFUSED;
                break;
            }
            if (command.kind == DEFIB_COMMAND_ACT) {
                act(engine, command.routine, command.arguments, now_ns, answer);
            } else {
                plan(engine, command.routine, command.arguments, now_ns, answer);
            }
            break;
        case DEFIB_COMMAND_OBSERVE:
            answer.outcome = DEFIB_OUTCOME_NO_CHANGE;
            answer.result = observe(engine, command.routine, command.arguments);
            break;
        case DEFIB_COMMAND_HOOK:
            answer.outcome = DEFIB_OUTCOME_NO_CHANGE;
            answer.result = use_hook(engine, command.arguments[0], now_ns) ? 1 : 0;
            break;
        case DEFIB_COMMAND_STATISTICS:
            answer.outcome = DEFIB_OUTCOME_NO_CHANGE;
            answer.records = {engine.records.bytes, engine.records.capacity, 0, 0, 0};
            tell_statistics(engine, answer.records);
            break;
        default:
            answer.outcome = DEFIB_OUTCOME_REFUSED;
            break;
    }
    return Turn::go_on;
}

// So long after a command the next one may come at once: a GPU's loop does not rest, and brings the
// whole command with each look at its number. It is one way over the bus all the same.
constexpr uint64_t AWAKE_NS = 2'000'000;

struct Posted {
    uint32_t number;  // as of the last one answered: there is none
    DefibCommand command;
};

// By way of memory that all lanes see: a thread's own stack is its alone.
void read_command(DefibEngine& engine, Posted& posted) {
    constexpr uint32_t AT = offsetof(DefibMailbox, command) / 8;
    constexpr uint32_t PROOF_AT = offsetof(DefibMailbox, command_proof) / 8;
    static_assert(sizeof(DefibCommand) % 8 == 0 &&
                  offsetof(DefibMailbox, command_proof) + 8 == DEFIB_MAILBOX_ASKED);
    DefibMailbox& mailbox = *engine.mailbox;
    DefibContext& context = engine.replicas[0];
    const auto at = reinterpret_cast<uint64_t>(&mailbox);
    if (READS_COME_IN_LINES && engine.statistics.last_turn < engine.awake_until) {
        gather(context, context.sink, at, DEFIB_MAILBOX_ASKED / 8);
        posted.number = static_cast<uint32_t>(context.sink[0]);
        if (posted.number == engine.answered) return;
        __builtin_memcpy(&posted.command, &context.sink[AT], sizeof posted.command);
        if (context.sink[PROOF_AT] == proof_of(posted.command, posted.number)) return;
    } else {
        // On a GPU each fence costs as much as the look itself.
        posted.number = load_relaxed(&mailbox.posted);
        if (posted.number == engine.answered) return;
    }
    posted.number = load_acquire(&mailbox.posted);
    gather(context, context.sink, at + offsetof(DefibMailbox, command), sizeof(DefibCommand) / 8);
    __builtin_memcpy(&posted.command, context.sink, sizeof posted.command);
}

// Where it tells of what lies elsewhere, that is there before it.
enum class Tells : uint32_t { nothing_else, of_more };
void put_answer(DefibMailbox& mailbox, const DefibAnswer& answer, uint32_t number, Tells tells) {
    if (tells == Tells::of_more) order_all();
    mailbox.answer = answer;
    store_relaxed(&mailbox.answer_proof, proof_of(answer, number));
    store_relaxed(&mailbox.done, number);
}

Turn answer_command(DefibEngine& engine, uint64_t now_ns) {
    Posted posted;
    read_command(engine, posted);
    if (posted.number == engine.answered) return Turn::go_on;
    const uint64_t begun = ticks();
    // Put together here and copied once: on a GPU every touch of the mailbox crosses the bus.
    DefibAnswer answer = {};
    const Turn next = carry_out(engine, posted.command, now_ns, answer);
    const bool is_waiting = posted.command.kind == DEFIB_COMMAND_STOP && next == Turn::go_on;
    if (is_waiting) return next;
    engine.answered = posted.number;
    // Who has the answer finds in the journal what led to it.
    const uint64_t told = engine.told;
    publish(engine, Publish::all);
    const bool is_all = answer.records.used == 0 && engine.told == told;
    put_answer(*engine.mailbox, answer, posted.number,
               is_all ? Tells::nothing_else : Tells::of_more);
    const uint64_t now = ticks();
    engine.awake_until = now + AWAKE_NS;
    count_time(engine.statistics.times[DEFIB_TIMES_COMMANDS], now - begun);
    return next;
}

}  // namespace

void start(DefibEngine& engine, uint64_t now_ns) {
    for (uint32_t i = 0; i < DEFIB_DETECTORS; i++) engine.detectors[i].due_ns = now_ns;
    engine.statistics = {};
    engine.plans_only = 0;
    engine.statistics.loop.started = ticks();
    append(*engine.journal, now_ns, DEFIB_JOURNAL_STARTED, engine.abi_version);
    start_responder(engine, now_ns);
    publish(engine, Publish::all);
}

Turn turn(DefibEngine& engine, uint64_t now_ns) {
    DefibMailbox& mailbox = *engine.mailbox;
    DefibStatistics& statistics = engine.statistics;
    const uint64_t begun = ticks();
    if (statistics.last_turn != 0) {
        count_time(statistics.times[DEFIB_TIMES_PERIOD], begun - statistics.last_turn);
    }
    statistics.last_turn = begun;
    engine.turns++;
    store_relaxed(&mailbox.heartbeat, engine.turns);
    poll_hook(engine, now_ns);
    const bool has_looked = run_due_detectors(engine, now_ns);
    const bool was_in_hand = !is_settled(engine);
    respond(engine, now_ns);
    if (has_looked || was_in_hand) count_time(statistics.times[DEFIB_TIMES_TURN], ticks() - begun);
    const Turn next = answer_command(engine, now_ns);
    publish(engine, Publish::all);
    return next;
}

uint64_t next_turn_ns(const DefibEngine& engine) {
    uint64_t next = next_look_ns(engine);
    const uint32_t count =
        engine.detector_count < DEFIB_DETECTORS ? engine.detector_count : DEFIB_DETECTORS;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        if (engine.detectors[i].due_ns < next) next = engine.detectors[i].due_ns;
    }
    return next;
}

}  // namespace defib::runtime
