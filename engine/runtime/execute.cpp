// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/execute.h"

#include "engine/abi/calls.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/plan.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

void copy_records(const DefibRecords& from, DefibRecords& to) {
    to.used = from.used <= to.capacity ? from.used : 0;
    to.count = from.used <= to.capacity ? from.count : 0;
    to.lost = from.used <= to.capacity ? from.lost : from.lost + from.count;
#pragma clang loop unroll(disable)
    for (uint32_t at = 0; at < to.used; at += 8) {
        write_volatile(to.bytes + at, read_volatile(from.bytes + at, 8), 8);
    }
}

void note_plan(DefibJournal& journal, uint64_t now_ns, const DefibPlan& plan, uint32_t made) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < made; i++) {
        const DefibStore& store = plan.stores[i];
        const uint64_t values[] = {store.address, store.old_value, store.new_value, store.size};
        append(journal, now_ns, DEFIB_JOURNAL_STORED, store.field & ~DEFIB_STORE_WHOLE, values);
    }
}

}  // namespace

const DefibRoutine* routine_of(const DefibEngine& engine, uint32_t number) {
    if (number >= DEFIB_ROUTINES) return nullptr;
    const DefibRoutine& routine = engine.routines[number];
    return routine.state == DEFIB_ROUTINE_OFF ? nullptr : &routine;
}

void begin(DefibContext& context, const DefibTarget& target, uint64_t fuel, DefibStores stores,
           const DefibRecords& records) {
    context.target = &target;
    context.fuel = fuel;
    context.death = DEFIB_DEATH_NONE;
    context.stores = stores;
    context.death_address = 0;
    context.load_hash = 0;
    context.result = 0;
    context.records = records;
    context.plan.count = 0;
    context.now_ns = 0;
    context.kept = 0;
    context.memory_used = 0;
    drop_picture(context);
}

void run(DefibContext& context, uint32_t routine, const uint64_t* arguments) {
    const uint64_t result = defib_dispatch(&context, routine, arguments);
    // A dead routine's result is whatever it was computing.
    context.result = context.death == DEFIB_DEATH_NONE ? result : 0;
}

void run_replica(DefibEngine& engine, uint32_t replica, uint32_t routine,
                 const uint64_t* arguments) {
    const DefibRoutine* entry = routine_of(engine, routine);
    if (entry == nullptr || replica >= DEFIB_REPLICAS) return;
    DefibContext& context = engine.replicas[replica];
    const DefibRecords records = {
        engine.replica_records + uint64_t{replica} * DEFIB_REPLICA_RECORDS, DEFIB_REPLICA_RECORDS,
        0, 0, 0};
    const DefibStores stores =
        entry->state == DEFIB_ROUTINE_STORES ? DEFIB_STORES_PLANNED : DEFIB_STORES_DENIED;
    // Each replica walks the page tables itself: a wrong translation must not be shared.
    forget_translations(context.cache);
    begin(context, *engine.target, entry->fuel, stores, records);
    run(context, routine, arguments);
}

uint32_t agreed(const DefibEngine& engine, uint32_t count) {
    if (count > DEFIB_REPLICAS) count = DEFIB_REPLICAS;
#pragma clang loop unroll(disable)
    for (uint32_t one = 0; one + 1 < count; one++) {
#pragma clang loop unroll(disable)
        for (uint32_t other = one + 1; other < count; other++) {
            if (is_same(engine.replicas[one], engine.replicas[other])) return one;
        }
    }
    return NO_REPLICA;
}

void act(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
         DefibAnswer& answer) {
    answer.records = {engine.records.bytes, engine.records.capacity, 0, 0, 0};
    const DefibRoutine* entry = routine_of(engine, routine);
    if (entry == nullptr) {
        answer.outcome = DEFIB_OUTCOME_REFUSED;
        answer.death = DEFIB_DEATH_ROUTINE;
        return append(*engine.journal, now_ns, DEFIB_JOURNAL_REFUSED, routine);
    }
    run_replica(engine, 0, routine, arguments);
    run_replica(engine, 1, routine, arguments);
    uint32_t winner = agreed(engine, 2);
    if (winner == NO_REPLICA) {
        run_replica(engine, 2, routine, arguments);
        winner = agreed(engine, DEFIB_REPLICAS);
    }
    uint32_t made = 0;
    uint64_t spent = 0;
    if (winner == NO_REPLICA) {
        answer.outcome = DEFIB_OUTCOME_DISAGREED;
    } else {
        const DefibContext& context = engine.replicas[winner];
        spent = entry->fuel - context.fuel;
        answer.death = context.death;
        answer.death_address = context.death_address;
        answer.result = context.result;
        copy_records(context.records, answer.records);
        answer.outcome = context.death != DEFIB_DEATH_NONE
                             ? DEFIB_OUTCOME_DIED
                             : commit(*engine.target, context.plan, made);
        note_plan(*engine.journal, now_ns, context.plan, made);
    }
    const uint64_t values[] = {answer.outcome, answer.death, spent, answer.result};
    append(*engine.journal, now_ns, DEFIB_JOURNAL_EXECUTED, routine, values);
}

}  // namespace defib::runtime
