// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/act.h"

#include "engine/runtime/collect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/hook.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/plan.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/records.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/statistics.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

// Each attempt is a new plan from what memory holds then.
constexpr uint32_t ATTEMPTS = 8;

// What one execution for one object came to, and the two that agreed.
struct Result {
    uint32_t outcome;
    uint32_t death;
    uint64_t death_address;
    uint64_t result;
    Agreement both = {NO_REPLICA, NO_REPLICA};
};

void append_records(const DefibRecords& from, DefibRecords& to) {
    if (to.used > to.capacity || from.used > to.capacity - to.used) {
        to.lost += from.lost + from.count;
        return;
    }
#pragma clang loop unroll(disable)
    for (uint32_t at = 0; at < from.used; at += 8) {
        write_volatile(to.bytes + to.used + at, read_volatile(from.bytes + at, 8), 8);
    }
    to.used += from.used;
    to.count += from.count;
    to.lost += from.lost;
}

// `stands`: which stores are in memory, the first as bit 0.
void append_plan(const DefibPlan& plan, uint32_t routine, uint64_t stands, DefibRecords& records) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count_of(plan); i++) {
        const DefibStore& store = plan.stores[i];
        const uint64_t room = room_for(records, DEFIB_RECORD_STORE, sizeof(DefibStoreRecord));
        if (room == 0) continue;
        *pointer_to<DefibStoreRecord>(room) = {store.address,
                                               store.old_value,
                                               store.new_value,
                                               store.size,
                                               store.field & ~DEFIB_STORE_WHOLE,
                                               routine,
                                               static_cast<uint32_t>(stands >> i & 1)};
    }
}

// Everything that undoing it by hand takes.
void note_plan(DefibJournal& journal, uint64_t now_ns, const DefibPlan& plan, uint32_t made) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < made; i++) {
        const DefibStore& store = plan.stores[i];
        const uint32_t field = store.field & ~DEFIB_STORE_WHOLE;
        const Slice slice = narrow(store);
        const uint64_t values[] = {store.address, store.old_value, store.new_value, store.size};
        const uint64_t place[] = {store.physical, store.field & DEFIB_STORE_WHOLE, slice.offset,
                                  slice.size};
        append(journal, now_ns, DEFIB_JOURNAL_STORED, field, values);
        append(journal, now_ns, DEFIB_JOURNAL_STORED_AT, field, place);
    }
}

// How long each part of something takes, one after the other.
class Laps {
  public:
    explicit Laps(DefibEngine& engine) : engine_(engine), begun_(ticks()) {}
    void lap(DefibTimesOf of) {
        const uint64_t now = ticks();
        count_time(engine_.statistics.times[of], now - begun_);
        begun_ = now;
    }

  private:
    DefibEngine& engine_;
    uint64_t begun_;
};

uint64_t first_bits(uint32_t count) {
    return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

// As commit() says it of a target that is only looked at.
uint32_t only_show(const DefibPlan& plan) {
    return count_of(plan) == 0 ? DEFIB_OUTCOME_NO_CHANGE : DEFIB_OUTCOME_READ_ONLY;
}

// Half a repair is worse than none: what was made of it is taken back, as far as memory still holds
// it. Nothing is left standing: then it is as if an old value had changed before the first store.
uint32_t commit_or_undo(DefibEngine& engine, uint32_t routine, const Agreed& plans, uint64_t now_ns,
                        DefibRecords& records) {
    uint32_t made = 0;
    Laps laps(engine);
    uint32_t outcome = engine.plans_only != 0 ? only_show(plans.plan)
                                              : uint32_t{commit(*engine.target, plans, made)};
    if (made != 0) {
        laps.lap(DEFIB_TIMES_COMMIT);
        engine.statistics.read_back = read_back(*engine.target, plans, made);
        laps.lap(DEFIB_TIMES_READ_BACK);
    }
    note_plan(*engine.journal, now_ns, plans.plan, made);
    if (made != 0) laps.lap(DEFIB_TIMES_NOTE);
    uint64_t stands = first_bits(made);
    if (outcome == DEFIB_OUTCOME_PARTIAL) {
        stands = undo(*engine.target, plans, made);
        append(*engine.journal, now_ns, DEFIB_JOURNAL_TAKEN_BACK, routine, {made, stands, 0, 0});
        if (stands == 0) outcome = DEFIB_OUTCOME_STALE;
    }
    append_plan(plans.plan, routine, stands, records);
    return outcome;
}

// Two replicas, a third where they differ, commit, journal.
Result attempt(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
               DefibRecords& records) {
    const uint64_t begun = ticks();
    const DefibRoutine& entry = engine.routines[routine];
    Laps laps(engine);
    run_replicas(engine, 0, 2, routine, arguments);
    laps.lap(DEFIB_TIMES_REPLICAS);
    count_time(engine.statistics.times[DEFIB_TIMES_REPLICA], engine.replicas[0].took);
    engine.statistics.replica_reads += engine.replicas[0].reads;
    Agreement both = agreed(engine, 2);
    laps.lap(DEFIB_TIMES_COMPARE);
    if (both.winner == NO_REPLICA) {
        run_replicas(engine, 2, 1, routine, arguments);
        both = agreed(engine, DEFIB_REPLICAS);
    }
    Result result{DEFIB_OUTCOME_DISAGREED, DEFIB_DEATH_NONE, 0, 0};
    uint64_t spent = 0;
    if (both.winner != NO_REPLICA) {
        const DefibContext& context = engine.replicas[both.winner];
        const DefibContext& witness = engine.replicas[both.witness];
        spent = entry.fuel - context.fuel;
        result = {DEFIB_OUTCOME_DIED, context.death, context.death_address, context.result};
        if (context.death == DEFIB_DEATH_NONE && witness.death == DEFIB_DEATH_NONE) {
            result.outcome =
                commit_or_undo(engine, routine, {context.plan, witness.plan}, now_ns, records);
        }
        result.both = both;
        count_time(engine.statistics.times[DEFIB_TIMES_PLAN], ticks() - begun);
        append_records(context.records, records);
    }
    const uint64_t values[] = {result.outcome, result.death, spent, result.result};
    append(*engine.journal, now_ns, DEFIB_JOURNAL_EXECUTED, routine, values);
    return result;
}

bool is_worth_another(const Result& result) {
    switch (result.outcome) {
        case DEFIB_OUTCOME_DISAGREED:
        case DEFIB_OUTCOME_STALE:
        case DEFIB_OUTCOME_PARTIAL:
            return true;
        case DEFIB_OUTCOME_DIED:
            return passes_by_itself(result.death);
        default:
            return false;
    }
}

// A plan that only shows (a dump) has failed at nothing, so that the whole chain is shown.
bool has_failed(uint32_t outcome) {
    switch (outcome) {
        case DEFIB_OUTCOME_NONE:
        case DEFIB_OUTCOME_COMMITTED:
        case DEFIB_OUTCOME_NO_CHANGE:
        case DEFIB_OUTCOME_READ_ONLY:
            return false;
        default:
            return true;
    }
}

// The first failure stands; else what was done stands before what was not needed.
void add(DefibAnswer& answer, uint32_t routine, const Result& result) {
    if (has_failed(result.outcome)) answer.torn++;
    const bool counts = !has_failed(answer.outcome) &&
                        (has_failed(result.outcome) || answer.outcome == DEFIB_OUTCOME_NONE ||
                         answer.outcome == DEFIB_OUTCOME_NO_CHANGE);
    if (!counts) return;
    answer.outcome = result.outcome;
    answer.death = result.death;
    answer.death_address = result.death_address;
    answer.result = result.result;
    answer.routine = routine;
}

Result attempt_some_times(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                          uint64_t now_ns, DefibAnswer& answer) {
    Result result{};
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        const DefibRecords before = answer.records;
        result = attempt(engine, routine, arguments, now_ns, answer.records);
        if (!is_worth_another(result)) break;
        // Only what an attempt stored is worth telling of it.
        if (result.outcome != DEFIB_OUTCOME_PARTIAL && i + 1 < ATTEMPTS) answer.records = before;
    }
    return result;
}

void append_way(DefibAnswer& answer, uint32_t routine, DefibWay way, const DefibAskRecord& ask) {
    const uint64_t room = room_for(answer.records, DEFIB_RECORD_WAY, sizeof(DefibWayRecord));
    if (room != 0) *pointer_to<DefibWayRecord>(room) = {routine, way, ask};
}

// A repair is tried again and again; which way it goes is journaled once a second at most, and when
// it is another one.
void note_memory(DefibEngine& engine, uint32_t routine, DefibWay way, uint64_t now_ns,
                 DefibAnswer& answer) {
    constexpr uint64_t SECOND_NS = 1000000000;
    append_way(answer, routine, way, {});
    if (engine.plans_only != 0) return;
    DefibHookLink& hook = engine.hook;
    const uint64_t what = uint64_t{routine} << 32 | way;
    if (hook.told == what && now_ns - hook.told_ns < SECOND_NS) return;
    hook.told = what;
    hook.told_ns = now_ns;
    append(*engine.journal, now_ns, DEFIB_JOURNAL_BY_MEMORY, routine, {way, 0, 0, 0});
}

// What `asking` agreed to ask for is put into the ring; of a target that is only looked at it is
// shown.
DefibWay ask_for(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, Result& result,
                 uint64_t now_ns, DefibAnswer& answer) {
    const DefibContext& context = engine.replicas[result.both.winner];
    const uint32_t count = count_asks(context);
    const bool is_look =
        engine.plans_only != 0 || (engine.target->window.flags & DEFIB_WINDOW_READ_ONLY) != 0;
    if (!is_look) {
        const DefibWay way = ask_hook(engine, routine, arguments, context,
                                      engine.replicas[result.both.witness], now_ns);
        if (way != DEFIB_WAY_HOOK) return way;
    }
    DefibAskRecord ask = {};
    if (count == 0) append_way(answer, routine, DEFIB_WAY_HOOK, ask);
    if (count != 0) result.outcome = is_look ? DEFIB_OUTCOME_READ_ONLY : DEFIB_OUTCOME_COMMITTED;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count && take_ask(context, i, ask); i++) {
        append_way(answer, routine, DEFIB_WAY_HOOK, ask);
    }
    return DEFIB_WAY_HOOK;
}

// By the hook, where the routine knows that way and the hook is there. False: memory is the way.
bool act_by_hook(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
                 DefibAnswer& answer) {
    if (engine.routines[routine].hook == 0) return false;
    if (is_waiting(engine, routine, arguments)) {
        add(answer, routine, {DEFIB_OUTCOME_NO_CHANGE, DEFIB_DEATH_NONE, 0, 0});
        return true;
    }
    const uint32_t asking = engine.routines[routine].hook - 1;
    DefibWay way = choose_way(engine, routine, arguments, now_ns);
    const DefibRoutine* entry = routine_of(engine, asking);
    if (way == DEFIB_WAY_HOOK && (entry == nullptr || entry->state != DEFIB_ROUTINE_READS)) {
        way = DEFIB_WAY_OFF;
    }
    if (way == DEFIB_WAY_HOOK) {
        Result result = attempt_some_times(engine, asking, arguments, now_ns, answer);
        if (result.outcome == DEFIB_OUTCOME_NO_CHANGE) {
            way = ask_for(engine, routine, arguments, result, now_ns, answer);
        }
        if (way == DEFIB_WAY_HOOK) {
            add(answer, routine, result);
            return true;
        }
    }
    note_memory(engine, routine, way, now_ns, answer);
    if (engine.plans_only == 0) pass_over(engine, routine, arguments);
    return false;
}

enum class Way : uint32_t { hook, memory };

Way act_on(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
           DefibAnswer& answer) {
    if (act_by_hook(engine, routine, arguments, now_ns, answer)) return Way::hook;
    add(answer, routine, attempt_some_times(engine, routine, arguments, now_ns, answer));
    return Way::memory;
}

// The routine's object goes in front of what the chain was given. `memory` where any went that way.
Way act_on_each(DefibEngine& engine, uint32_t routine, uint32_t collector,
                const uint64_t* arguments, uint64_t now_ns, DefibAnswer& answer) {
    DefibAnswer search{};
    Laps laps(engine);
    const DefibRecords found = collect(engine, collector, arguments, search);
    laps.lap(DEFIB_TIMES_COLLECT);
    if (search.death != DEFIB_DEATH_NONE || search.incomplete != 0) {
        // Half of a process is not repaired.
        const uint32_t death =
            search.death == DEFIB_DEATH_NONE ? uint32_t{DEFIB_DEATH_RECORD} : search.death;
        answer.incomplete = 1;
        add(answer, collector, {DEFIB_OUTCOME_DIED, death, search.death_address, 0});
        append(*engine.journal, now_ns, DEFIB_JOURNAL_EXECUTED, collector,
               {DEFIB_OUTCOME_DIED, death, 0, 0});
        return Way::memory;
    }
    Way way = Way::hook;
    uint64_t mine[DEFIB_ARGUMENTS];
    for (uint32_t i = 1; i < DEFIB_ARGUMENTS; i++) mine[i] = arguments[i - 1];
    FoundPointers pointers(found);
#pragma clang loop unroll(disable)
    while (pointers.take(mine[0])) {
        answer.objects++;
        if (act_on(engine, routine, mine, now_ns, answer) == Way::memory) way = Way::memory;
        // A family of hundreds is more than the ring holds.
        publish(engine, Publish::what_is_much);
    }
    if (answer.outcome == DEFIB_OUTCOME_NONE) answer.outcome = DEFIB_OUTCOME_NO_CHANGE;
    return way;
}

void refuse(DefibEngine& engine, uint32_t routine, uint64_t now_ns, DefibAnswer& answer) {
    add(answer, routine, {DEFIB_OUTCOME_REFUSED, DEFIB_DEATH_ROUTINE, 0, 0});
    append(*engine.journal, now_ns, DEFIB_JOURNAL_REFUSED, routine);
}

}  // namespace

bool passes_by_itself(uint32_t reason) {
#define DEFIB_REASON_PASSES(name, number, passes, text) \
    if ((passes) != 0 && reason == uint32_t{DEFIB_REASON_##name}) return true;
    DEFIB_REASON_LIST(DEFIB_REASON_PASSES)
#undef DEFIB_REASON_PASSES
    return false;
}

void act(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
         DefibAnswer& answer) {
    answer = {};
    answer.routine = routine;
    answer.records = {engine.records.bytes, engine.records.capacity, 0, 0, 0};
    if (engine.plans_only == 0) withdraw_undone(engine, routine, arguments, now_ns);
#pragma clang loop unroll(disable)
    for (uint32_t link = 0; link < DEFIB_CHAIN; link++) {
        const DefibRoutine* entry = routine_of(engine, routine);
        if (entry == nullptr) return refuse(engine, routine, now_ns, answer);
        Way way = Way::memory;
        if (entry->collector == DEFIB_NO_ROUTINE) {
            answer.objects++;
            way = act_on(engine, routine, arguments, now_ns, answer);
        } else if (routine_of(engine, entry->collector) == nullptr) {
            return refuse(engine, entry->collector, now_ns, answer);
        } else {
            way = act_on_each(engine, routine, entry->collector, arguments, now_ns, answer);
        }
        if (has_failed(answer.outcome) || entry->then == DEFIB_NO_ROUTINE) return;
        // What follows delivers what was put into memory.
        if (way == Way::hook && entry->hook != 0) return;
        routine = entry->then;
    }
}

void plan(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
          DefibAnswer& answer) {
    engine.plans_only = 1;
    act(engine, routine, arguments, now_ns, answer);
    engine.plans_only = 0;
}

DefibEffect observe(DefibEngine& engine, uint32_t routine, const uint64_t* arguments) {
    const DefibRoutine* entry = routine_of(engine, routine);
    if (entry == nullptr) return DEFIB_EFFECT_NEVER;
    if (is_undone(engine, routine, arguments)) return DEFIB_EFFECT_NOT_YET;
    if (entry->observer == DEFIB_NO_ROUTINE) return DEFIB_EFFECT_THERE;
    const DefibRoutine* observer = routine_of(engine, entry->observer);
    if (observer == nullptr) return DEFIB_EFFECT_NEVER;
    DefibContext& context = engine.replicas[0];
    const DefibRecords records = {engine.replica_records, DEFIB_REPLICA_RECORDS, 0, 0, 0};
    forget_translations(context.cache);
    begin(context, *engine.target, observer->fuel, DEFIB_STORES_DENIED, records);
    run(context, entry->observer, arguments);
    // What could not be read now may be readable at the next look.
    if (context.death != DEFIB_DEATH_NONE) return DEFIB_EFFECT_NOT_YET;
    switch (context.result) {
        case DEFIB_EFFECT_THERE:
            return DEFIB_EFFECT_THERE;
        case DEFIB_EFFECT_NEVER:
            return DEFIB_EFFECT_NEVER;
        default:
            return DEFIB_EFFECT_NOT_YET;
    }
}

}  // namespace defib::runtime
