// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The target's physical memory as the engine sees it: RAM ranges, each mapped at an address of the
// backend. The window is the whole of what the engine can touch; everything else does not exist
// for it. Ranges do not overlap, are sorted by physical address, and do not change after start.
#ifndef DEFIB_ENGINE_ABI_WINDOW_H
#define DEFIB_ENGINE_ABI_WINDOW_H

#include <stdint.h>

#define DEFIB_WINDOW_RANGES 64

#define DEFIB_WINDOW_READ_ONLY 1u  // a dump: plans are made and shown, never committed

struct DefibRange {
    uint64_t physical;
    uint64_t size;
    uint64_t backend;  // where the range's first byte is, for the processor that runs the engine
};

struct DefibWindow {
    uint32_t count;
    uint32_t flags;
    struct DefibRange ranges[DEFIB_WINDOW_RANGES];
};

#endif
