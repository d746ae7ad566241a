// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Plan, then commit: the only place that writes into the target.
//
// The idea is replicate, compare before output, third replica: a transient fault in the engine
// shows as two executions that differ, and nothing of either is written. What agreed is then held
// against memory: every store must be well-formed, its address must still translate to the same
// place, and its old value must still be there. Only the smallest aligned power of two of bytes
// that covers the change is written, in the plan's order.
//
// What this cannot do: the read before a store and the store are not one step for the target's CPUs
// (there are no atomics across PCIe). A CPU that changes the same bytes in between loses its
// change; one that changes neighbouring bytes does not. Routines choose fields where that is
// repaired by reading again.
#ifndef DEFIB_ENGINE_RUNTIME_PLAN_H
#define DEFIB_ENGINE_RUNTIME_PLAN_H

#include "engine/abi/context.h"

namespace defib::runtime {

inline uint32_t count_of(const DefibPlan& plan) {
    return plan.count < DEFIB_PLAN_STORES ? plan.count : DEFIB_PLAN_STORES;
}

// The bytes of a store that are written: offset from the store's address, and their value.
struct Slice {
    uint32_t offset;
    uint32_t size;  // 0: nothing changes
    uint64_t value;
};

Slice narrow(const DefibStore& store);

// Whether two executions saw, spent, answered, reported and planned the same.
bool is_same(const DefibContext& one, const DefibContext& other);

// The plans of two executions that agreed. Between that comparison and a write a bit of one may
// still flip, so both are carried to the last moment: each store is read once from each, compared,
// and made of what was compared.
struct Agreed {
    const DefibPlan& plan;
    const DefibPlan& witness;
};

// Writes the plan. `made` counts the stores that were made.
DefibOutcome commit(const DefibTarget& target, const Agreed& agreed, uint32_t& made);

// What stands by now where the last of `made` stores went, be it changed by the target since. A
// read over the bus comes back after every store that was sent before it has arrived.
uint64_t read_back(const DefibTarget& target, const Agreed& agreed, uint32_t made);

// Takes back the first `made` stores, last one first, where memory still holds what was stored.
// Returns those that it could not take back, the first store as bit 0.
uint64_t undo(const DefibTarget& target, const Agreed& agreed, uint32_t made);
static_assert(DEFIB_PLAN_STORES <= 64);

}  // namespace defib::runtime

#endif
