// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From a physical address to the backend's: the only way into the target's memory. Every address
// that the engine reads or writes there came out of this function.
#ifndef DEFIB_ENGINE_RUNTIME_WINDOW_H
#define DEFIB_ENGINE_RUNTIME_WINDOW_H

#include "engine/abi/window.h"

namespace defib::runtime {

// 0 unless all of [physical, physical + size) lies in one range.
inline uint64_t backend_of(const DefibWindow& window, uint64_t physical, uint64_t size) {
    const uint32_t count = window.count < DEFIB_WINDOW_RANGES ? window.count : DEFIB_WINDOW_RANGES;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        const DefibRange& range = window.ranges[i];
        // Subtractions only: a sum could wrap around and look small.
        if (physical < range.physical || size > range.size) continue;
        if (physical - range.physical <= range.size - size) {
            return range.backend + (physical - range.physical);
        }
    }
    return 0;
}

}  // namespace defib::runtime

#endif
