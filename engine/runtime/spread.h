// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Work for many objects, or for several replicas, and who does it.
//
// run_item() is what is done for one object, the same everywhere. spread() does it for all: the
// twin one after the other, a GPU with every warp that it has, in chunks that are handed out as
// warps get free. What comes out is the same: records in the order of the objects, and the first
// torn object's reason for all. run_detectors() is for those that are due. run_replicas() runs
// replicas one after the other, or each on a multiprocessor of its own, so that a fault of one
// cannot reach the next.
#ifndef DEFIB_ENGINE_RUNTIME_SPREAD_H
#define DEFIB_ENGINE_RUNTIME_SPREAD_H

#include "engine/abi/engine.h"

namespace defib::runtime {

inline constexpr uint32_t POINTER_RECORD = sizeof(DefibRecordHeader) + sizeof(uint64_t);

// Runs the job's routine for object `index`, twice where it dies, and appends what it reports.
void run_item(DefibEngine& engine, DefibContext& context, const DefibJob& job, uint32_t index,
              DefibRecords& into, DefibSum& sum);

// For all of the job's objects. The records are appended to `into`.
void spread(DefibEngine& engine, const DefibJob& job, DefibRecords& into, DefibSum& sum);

// Replicas [first, first + count) of a routine that stores.
void run_replicas(DefibEngine& engine, uint32_t first, uint32_t count, uint32_t routine,
                  const uint64_t* arguments);

// Detectors that are due in one turn.
struct DueDetectors {
    uint32_t count;
    uint32_t numbers[DEFIB_DETECTORS];
};

// Where there are workers: all at once, each on a worker of its own, as far as there are enough.
void run_detectors(DefibEngine& engine, const DueDetectors& due, uint64_t now_ns);

// What number `which` of them came to; nullptr: it is off. Its records stay until the next
// execution.
const DefibContext* outcome_of(DefibEngine& engine, const DueDetectors& due, uint32_t which,
                               uint64_t now_ns);

inline void add_up(DefibSum& all, const DefibSum& some) {
    all.objects += some.objects;
    if (some.torn != 0 && all.torn == 0) {
        all.death = some.death;
        all.death_address = some.death_address;
    }
    all.torn += some.torn;
}

}  // namespace defib::runtime

#endif
