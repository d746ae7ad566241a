// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Read your own writes: what a routine has planned to store is what its later loads see.
#ifndef DEFIB_ENGINE_RUNTIME_OVERLAY_H
#define DEFIB_ENGINE_RUNTIME_OVERLAY_H

#include "engine/runtime/plan.h"

namespace defib::runtime {

inline bool is_planned(const DefibPlan& plan, uint64_t physical, uint32_t size) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count_of(plan); i++) {
        const DefibStore& store = plan.stores[i];
        if (store.physical < physical + size && physical < store.physical + store.size) return true;
    }
    return false;
}

// `value` as read from memory at `physical`, with the planned stores laid over it.
inline uint64_t overlay(const DefibPlan& plan, uint64_t physical, uint32_t size, uint64_t value) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count_of(plan); i++) {
        const DefibStore& store = plan.stores[i];
        if (store.physical >= physical + size || physical >= store.physical + store.size) continue;
#pragma clang loop unroll(disable)
        for (uint32_t byte = 0; byte < size; byte++) {
            const uint64_t within = physical + byte - store.physical;  // wraps below the store
            if (within >= store.size) continue;
            const uint64_t planned = store.new_value >> (8 * within) & 0xff;
            value = (value & ~(uint64_t{0xff} << (8 * byte))) | planned << (8 * byte);
        }
    }
    return value;
}

}  // namespace defib::runtime

#endif
