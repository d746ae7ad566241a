// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Executions: one of a routine that only reads, or replicated ones of a routine that stores.
#ifndef DEFIB_ENGINE_RUNTIME_EXECUTE_H
#define DEFIB_ENGINE_RUNTIME_EXECUTE_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// The routine's line in the engine's table, or nullptr when it is off or there is none.
const DefibRoutine* routine_of(const DefibEngine& engine, uint32_t number);

// A fresh life: fuel, an empty plan, no picture, records to `records`. Translations are kept.
void begin(DefibContext& context, const DefibTarget& target, uint64_t fuel, DefibStores stores,
           const DefibRecords& records);

// Runs the routine to its end or death.
void run(DefibContext& context, uint32_t routine, const uint64_t* arguments);

// One replica of a routine that stores. On a GPU the first two run at once, on two warps; decide()
// is then the same.
void run_replica(DefibEngine& engine, uint32_t replica, uint32_t routine,
                 const uint64_t* arguments);

inline constexpr uint32_t NO_REPLICA = ~0U;

struct Agreement {
    uint32_t winner;  // NO_REPLICA: there is none
    uint32_t witness;
};

// Two replicas that agree, of the first `count`.
Agreement agreed(const DefibEngine& engine, uint32_t count);

}  // namespace defib::runtime

#endif
