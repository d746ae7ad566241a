// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/repair.h"

#include "engine/runtime/act.h"
#include "engine/runtime/cases.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/identity.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/statistics.h"

namespace defib::runtime {
namespace {

constexpr uint64_t MS = 1000000;
constexpr uint64_t LOOK_EVERY_NS = MS;
// A wake may come before its sleeper sleeps, or be lost to the kernel's own: what can be taken back
// is done again until the effect is there, of a chain what follows. What cannot is done once:
// nobody gets a signal twice.
constexpr uint64_t REPEAT_EVERY_NS = 25 * MS;
// act() has tried some times already what passes by itself; after some turns it may have passed.
constexpr uint32_t ATTEMPTS = 20;
// How many runs of its detector a finding may go unseen, for a death of the detector, until nobody
// can say any more whether it is over.
constexpr uint64_t BLIND_RUNS = 20;

const DefibPolicyRule& rule_of(const DefibEngine& engine, const DefibCase& one) {
    return engine.responder->policy.rules[one.rule];
}

uint64_t value_of(const DefibPolicyArgument& argument, const DefibCase& one) {
    const DefibCulprit& victim = one.victim;
    switch (argument.source) {
        case DEFIB_FROM_KEY:
            return one.finding.key;
        case DEFIB_FROM_EVIDENCE:
            return one.finding.evidence[argument.index];
        case DEFIB_FROM_TASK:
            return victim.task;
        case DEFIB_FROM_PID:
            return static_cast<uint32_t>(victim.pid);
        case DEFIB_FROM_TGID:
            return static_cast<uint32_t>(victim.tgid);
        case DEFIB_FROM_START_NS:
            return victim.start_ns;
        case DEFIB_FROM_CPU:
            return victim.cpu;
        case DEFIB_FROM_CGROUP:
            return victim.cgroup;
        case DEFIB_FROM_OBJECT:
            return victim.object;
        default:
            return argument.literal;
    }
}

bool is_restoring(const DefibCase& one) {
    return one.state == DEFIB_CASE_RESTORING;
}

void prepare_step(DefibCase& one, DefibCaseState state, uint32_t step, uint64_t now_ns) {
    one.state = state;
    one.step = step;
    one.is_taken = 0;
    one.attempts = 0;
    one.look_ns = now_ns;
}

// The cool-down is over, and nothing is owed.
void let_go(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    if (one.is_open == 0) {
        one.state = DEFIB_CASE_FREE;
        engine.responder->is_full = 0;
        return;
    }
    one.state = DEFIB_CASE_WATCHED;
    one.held_from_ns = now_ns;
    one.declined = DEFIB_DECLINE_NONE;
    one.steps_taken = 0;
}

void next_step(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const DefibPolicyRule& rule = rule_of(engine, one);
    if (is_restoring(one)) {
        if (one.step + 1 == rule.step_count + rule.finally_count)
            return let_go(engine, one, now_ns);
        return prepare_step(one, DEFIB_CASE_RESTORING, one.step + 1, now_ns);
    }
    if (one.step + 1 < rule.step_count && engine.responder->is_stopping == 0) {
        return prepare_step(one, DEFIB_CASE_ACTING, one.step + 1, now_ns);
    }
    append(*engine.journal, now_ns, DEFIB_JOURNAL_EXHAUSTED, one.finding.fault,
           {now_ns - one.opened_ns, one.steps_taken, 0, 0}, one.number);
    cool_down(engine, one, now_ns);
}

// The answer's records would go where a command's answer may still be read.
DefibAnswer run_step(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                     uint64_t now_ns) {
    DefibAnswer answer = {};
    const uint32_t room = engine.records.capacity;
    engine.records.capacity = 0;
    act(engine, routine, arguments, now_ns, answer);
    engine.records.capacity = room;
    return answer;
}

bool is_worth_another_try(const DefibAnswer& answer) {
    switch (answer.outcome) {
        case DEFIB_OUTCOME_STALE:
        case DEFIB_OUTCOME_DISAGREED:
            return true;
        case DEFIB_OUTCOME_DIED:
            return answer.death < DEFIB_DEATH_OWN || passes_by_itself(answer.death);
        default:
            return false;
    }
}

// Who was to be repaired is gone, or about to be: what it did should end with it.
bool is_leaving(const DefibAnswer& answer) {
    return answer.outcome == DEFIB_OUTCOME_DIED &&
           (answer.death == DEFIB_REASON_GONE || answer.death == DEFIB_REASON_EXITING);
}

void await_end(DefibCase& one, uint64_t grace_ms, uint64_t now_ns) {
    one.state = DEFIB_CASE_GRACE;
    one.effect_ns = now_ns;
    one.until_ns = now_ns + grace_ms * MS;
}

bool was_taken(const DefibAnswer& answer) {
    switch (answer.outcome) {
        case DEFIB_OUTCOME_COMMITTED:
        case DEFIB_OUTCOME_NO_CHANGE:
        case DEFIB_OUTCOME_PARTIAL:
            return true;
        default:
            // Of many objects some were reached before the one that all hang on ended, of this very
            // step or by itself.
            return is_leaving(answer) && answer.torn < answer.objects;
    }
}

void take_step(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const uint64_t begun = ticks();
    if (!is_still_the_kernel(engine, now_ns)) return;
    count_time(engine.statistics.times[DEFIB_TIMES_IDENTITY], ticks() - begun);
    if (engine.responder->is_stopping != 0 && !is_restoring(one)) {
        return cool_down(engine, one, now_ns);
    }
    const DefibPolicyStep& step = rule_of(engine, one).steps[one.step];
    uint64_t arguments[DEFIB_ARGUMENTS];
    fill_arguments(step, one, arguments);
    if (one.attempts == 0) {
        append(*engine.journal, now_ns,
               is_restoring(one) ? DEFIB_JOURNAL_GIVES_BACK : DEFIB_JOURNAL_STEP, step.routine,
               {one.step, arguments[0], arguments[1], arguments[2]}, one.number);
    }
    one.attempts++;
    const DefibAnswer answer = run_step(engine, step.routine, arguments, now_ns);
    if (was_taken(answer)) {
        // Of the first step and try: what comes later waits for something.
        if (one.step == 0 && one.attempts == 1) {
            count_time(engine.statistics.times[DEFIB_TIMES_ACT], ticks() - one.found);
        }
        one.is_taken = 1;
        one.owes = is_restoring(one) ? 0 : rule_of(engine, one).finally_count;
        one.steps_taken++;
        one.acted_ns = now_ns;
        one.until_ns = now_ns + step.deadline_ms * MS;
        one.repeat_ns = now_ns + REPEAT_EVERY_NS;
        one.look_ns = now_ns;
        return;
    }
    one.look_ns = now_ns + LOOK_EVERY_NS;
    if (is_worth_another_try(answer) && one.attempts < ATTEMPTS) return;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_FAILED, step.routine,
           {answer.outcome, answer.death, answer.death_address, one.step}, one.number);
    if (is_leaving(answer) && !is_restoring(one)) return await_end(one, step.grace_ms, now_ns);
    next_step(engine, one, now_ns);
}

// What has shown no effect is taken back where it can be, each link of the chain.
void take_back(DefibEngine& engine, DefibCase& one, const uint64_t* arguments, uint64_t now_ns) {
    uint32_t number = rule_of(engine, one).steps[one.step].routine;
#pragma clang loop unroll(disable)
    for (uint32_t link = 0; link < DEFIB_CHAIN; link++) {
        const DefibRoutine* routine = routine_of(engine, number);
        if (routine == nullptr || !is_still_the_kernel(engine, now_ns)) return;
        // What undoes itself does so with the old value, which these arguments have not.
        if (routine->undo != DEFIB_NO_ROUTINE && routine->undo != number) {
            const DefibAnswer answer = run_step(engine, routine->undo, arguments, now_ns);
            append(*engine.journal, now_ns, DEFIB_JOURNAL_UNDONE, routine->undo,
                   {answer.outcome, answer.death, one.step, 0}, one.number);
        }
        number = routine->then;
    }
}

void repeat(DefibEngine& engine, DefibCase& one, uint32_t number, const uint64_t* arguments,
            uint64_t now_ns) {
    const DefibRoutine& routine = engine.routines[number];
    const uint32_t again = routine.undo == DEFIB_NO_ROUTINE ? routine.then : number;
    if (again == DEFIB_NO_ROUTINE || now_ns < one.repeat_ns) return;
    if (!is_still_the_kernel(engine, now_ns)) return;
    one.repeat_ns = now_ns + REPEAT_EVERY_NS;
    run_step(engine, again, arguments, now_ns);
}

void see_effect(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const DefibPolicyStep& step = rule_of(engine, one).steps[one.step];
    if (is_restoring(one)) {
        append(*engine.journal, now_ns, DEFIB_JOURNAL_UNDONE, step.routine,
               {DEFIB_OUTCOME_COMMITTED, 0, one.step, 0}, one.number);
        return next_step(engine, one, now_ns);
    }
    append(*engine.journal, now_ns, DEFIB_JOURNAL_OBSERVED, step.routine,
           {now_ns - one.acted_ns, now_ns - one.opened_ns, one.step, 0}, one.number);
    await_end(one, step.grace_ms, now_ns);
}

void await_effect(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const DefibPolicyStep& step = rule_of(engine, one).steps[one.step];
    uint64_t arguments[DEFIB_ARGUMENTS];
    fill_arguments(step, one, arguments);
    one.look_ns = now_ns + LOOK_EVERY_NS;
    const DefibRoutine* routine = routine_of(engine, step.routine);
    if (routine == nullptr || routine->observer == DEFIB_NO_ROUTINE) {
        if (is_restoring(one)) return next_step(engine, one, now_ns);
        // Only the finding's own end can tell.
        return await_end(one, uint64_t{step.deadline_ms} + step.grace_ms, now_ns);
    }
    const DefibEffect effect = observe(engine, step.routine, arguments);
    if (effect == DEFIB_EFFECT_THERE) return see_effect(engine, one, now_ns);
    if (effect == DEFIB_EFFECT_NOT_YET && now_ns < one.until_ns) {
        return repeat(engine, one, step.routine, arguments, now_ns);
    }
    append(*engine.journal, now_ns, DEFIB_JOURNAL_DEADLINE, step.routine,
           {now_ns - one.acted_ns, one.step, 0, 0}, one.number);
    if (!is_restoring(one)) take_back(engine, one, arguments, now_ns);
    if (engine.responder->is_stopped != 0) return;
    next_step(engine, one, now_ns);
}

// The effect is there; the finding's end is not. Its detector must have looked since.
void await_cure(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const DefibPolicyRule& rule = rule_of(engine, one);
    one.look_ns = now_ns + LOOK_EVERY_NS;
    if (engine.responder->is_stopping != 0) return cool_down(engine, one, now_ns);
    if (now_ns < one.until_ns) return;
    if (one.seen_ns <= one.effect_ns) {
        const uint64_t blind_ns = rule.period_ms * MS * BLIND_RUNS;
        if (now_ns - one.until_ns > blind_ns) cool_down(engine, one, now_ns);
        return;
    }
    append(*engine.journal, now_ns, DEFIB_JOURNAL_PERSISTS, rule.steps[one.step].routine,
           {now_ns - one.acted_ns, one.step, 0, 0}, one.number);
    next_step(engine, one, now_ns);
}

// What a rule takes back it takes back before the engine stops, too.
void end_cool_down(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    const bool is_due = now_ns >= one.until_ns;
    const bool must_now = one.owes != 0 && engine.responder->is_stopping != 0;
    if (!is_due && !must_now) return;
    if (one.owes == 0) return let_go(engine, one, now_ns);
    one.owes = 0;
    prepare_step(one, DEFIB_CASE_RESTORING, rule_of(engine, one).step_count, now_ns);
}

}  // namespace

void fill_arguments(const DefibPolicyStep& step, const DefibCase& one, uint64_t* arguments) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) {
        arguments[i] = i < step.argument_count ? value_of(step.arguments[i], one) : 0;
    }
}

void begin_repair(DefibCase& one, uint64_t now_ns) {
    one.begun_ns = now_ns;
    one.steps_taken = 0;
    one.declined = DEFIB_DECLINE_NONE;
    prepare_step(one, DEFIB_CASE_ACTING, 0, now_ns);
}

void advance(DefibEngine& engine, DefibCase& one, uint64_t now_ns) {
    if (one.state == DEFIB_CASE_COOLING) return end_cool_down(engine, one, now_ns);
    if (now_ns < one.look_ns) return;
    if (one.state == DEFIB_CASE_GRACE) return await_cure(engine, one, now_ns);
    if (one.is_taken == 0) return take_step(engine, one, now_ns);
    await_effect(engine, one, now_ns);
}

}  // namespace defib::runtime
