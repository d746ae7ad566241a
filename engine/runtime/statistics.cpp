// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/statistics.h"

#include "engine/runtime/processor.h"
#include "engine/runtime/records.h"

namespace defib::runtime {
namespace {

void tell_times(DefibRecords& records, uint32_t of, uint32_t routine, uint64_t reads,
                const DefibTimes& times) {
    const uint64_t room = room_for(records, DEFIB_RECORD_TIMES, sizeof(DefibTimesRecord));
    if (room != 0) *pointer_to<DefibTimesRecord>(room) = {of, routine, reads, times};
}

}  // namespace

void tell_statistics(DefibEngine& engine, DefibRecords& records) {
    DefibStatistics& statistics = engine.statistics;
    statistics.loop.now = ticks();
    statistics.loop.turns = engine.turns;
    const uint64_t room = room_for(records, DEFIB_RECORD_LOOP, sizeof statistics.loop);
    if (room != 0) *pointer_to<DefibLoopRecord>(room) = statistics.loop;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_TIMES_COUNT; i++) {
        const uint64_t reads = i == DEFIB_TIMES_REPLICA ? statistics.replica_reads : 0;
        tell_times(records, i, DEFIB_NO_ROUTINE, reads, statistics.times[i]);
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < engine.detector_count && i < DEFIB_DETECTORS; i++) {
        tell_times(records, DEFIB_TIMES_DETECTOR + i, engine.detectors[i].routine,
                   statistics.reads[i], statistics.detectors[i]);
    }
}

}  // namespace defib::runtime
