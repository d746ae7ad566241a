// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/detect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {

void spread(DefibEngine& engine, const DefibJob& job, DefibRecords& into, DefibSum& sum) {
    DefibContext& context = engine.replicas[0];
    forget_translations(context.cache);
    for (uint32_t i = 0; i < job.count; i++) run_item(engine, context, job, i, into, sum);
}

void run_replicas(DefibEngine& engine, uint32_t first, uint32_t count, uint32_t routine,
                  const uint64_t* arguments) {
    for (uint32_t i = 0; i < count; i++) run_replica(engine, first + i, routine, arguments);
}

void run_detectors(DefibEngine& /*engine*/, const DueDetectors& /*due*/, uint64_t /*now_ns*/) {}

const DefibContext* outcome_of(DefibEngine& engine, const DueDetectors& due, uint32_t which,
                               uint64_t now_ns) {
    const uint32_t number = due.numbers[which];
    return detect(engine, number, engine.detectors[number].arguments, now_ns);
}

}  // namespace defib::runtime
