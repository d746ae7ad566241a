// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/detect.h"

#include "engine/runtime/execute.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {

const DefibContext* detect(DefibEngine& engine, uint32_t number, const uint64_t* arguments,
                           uint64_t now_ns) {
    if (number >= DEFIB_DETECTORS) return nullptr;
    const uint32_t routine = engine.detectors[number].routine;
    const DefibRoutine* entry = routine_of(engine, routine);
    if (entry == nullptr) return nullptr;
    DefibContext& context = engine.replicas[0];
    const DefibRecords records = {engine.replica_records, DEFIB_REPLICA_RECORDS, 0, 0, 0};
    forget_translations(context.cache);
    begin(context, *engine.target, entry->fuel, DEFIB_STORES_DENIED, records);
    context.now_ns = now_ns;
    context.kept = reinterpret_cast<uint64_t>(engine.memory[number]);
    run(context, routine, arguments);
    if (context.death != DEFIB_DEATH_NONE) return &context;
#pragma clang loop unroll(disable) vectorize(disable)
    for (uint32_t word = 0; word < context.memory_used / 8; word++) {
        engine.memory[number][word] = context.memory[word];
    }
    return &context;
}

}  // namespace defib::runtime
