// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the twin shows of itself: one table. Everything else of it is hidden.
#ifndef DEFIB_BOOT_BACKEND_TWIN_ENTRY_H
#define DEFIB_BOOT_BACKEND_TWIN_ENTRY_H

#include <stdint.h>

#include "engine/abi/engine.h"

#define DEFIB_TWIN_SYMBOL "defib_twin"

// An image may be newer or older than the program that starts it. The sizes say whether both mean
// the same by an engine; the version alone would have to be raised with every change.
struct DefibTwin {
    uint32_t abi_version;
    uint32_t engine_bytes;
    uint32_t target_bytes;
    uint32_t journal_bytes;
    void (*start)(struct DefibEngine* engine, uint64_t now_ns);
    bool (*turn)(struct DefibEngine* engine, uint64_t now_ns);   // false: it was told to stop
    uint64_t (*next_turn_ns)(const struct DefibEngine* engine);  // nothing is due before
};

#endif
