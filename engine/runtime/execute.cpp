// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/execute.h"

#include "engine/abi/calls.h"
#include "engine/runtime/lines.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/plan.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
const DefibRoutine* routine_of(const DefibEngine& engine, uint32_t number) {
    if (number >= DEFIB_ROUTINES) return nullptr;
    const DefibRoutine& routine = engine.routines[number];
    return routine.state == DEFIB_ROUTINE_OFF ? nullptr : &routine;
}

void begin(DefibContext& context, const DefibTarget& target, uint64_t fuel, DefibStores stores,
           const DefibRecords& records) {
    context.target = &target;
    context.fuel = fuel;
    context.reads = 0;
    const DefibStretch& direct = target.stretches[0];
    context.near = {direct.first, target.stretch_count == 0 ? 0 : direct.size, direct.backend};
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
    drop_lines(context);
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
    const uint64_t begun = ticks();
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
    context.took = ticks() - begun;
}

Agreement agreed(const DefibEngine& engine, uint32_t count) {
    if (count > DEFIB_REPLICAS) count = DEFIB_REPLICAS;
#pragma clang loop unroll(disable)
    for (uint32_t one = 0; one + 1 < count; one++) {
#pragma clang loop unroll(disable)
        for (uint32_t other = one + 1; other < count; other++) {
            if (is_same(engine.replicas[one], engine.replicas[other])) return {one, other};
        }
    }
    return {NO_REPLICA, NO_REPLICA};
}

}  // namespace defib::runtime
