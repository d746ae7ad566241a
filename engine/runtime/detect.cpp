// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/detect.h"

#include "engine/runtime/execute.h"
#include "engine/runtime/gather.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/statistics.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {

bool detect_in(DefibEngine& engine, DefibContext& context, const DefibRecords& records,
               uint32_t number, const uint64_t* arguments, uint64_t now_ns) {
    if (number >= DEFIB_DETECTORS) return false;
    const uint32_t routine = engine.detectors[number].routine;
    const DefibRoutine* entry = routine_of(engine, routine);
    if (entry == nullptr) return false;
    const uint64_t begun = ticks();
    forget_translations(context.cache);
    begin(context, *engine.target, entry->fuel, DEFIB_STORES_DENIED, records);
    context.now_ns = now_ns;
    context.kept = reinterpret_cast<uint64_t>(engine.memory[number]);
    run(context, routine, arguments);
    engine.statistics.reads[number] += context.reads;
    count_time(engine.statistics.detectors[number], ticks() - begun);
    if (context.death != DEFIB_DEATH_NONE) return true;
    gather(context, engine.memory[number], reinterpret_cast<uint64_t>(context.memory),
           context.memory_used / 8);
    return true;
}

const DefibContext* detect(DefibEngine& engine, uint32_t number, const uint64_t* arguments,
                           uint64_t now_ns) {
    DefibContext& context = engine.replicas[0];
    const DefibRecords records = {engine.replica_records, DEFIB_REPLICA_RECORDS, 0, 0, 0};
    return detect_in(engine, context, records, number, arguments, now_ns) ? &context : nullptr;
}

}  // namespace defib::runtime
