// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines: what lies around a word is fetched with it.
//
// A GPU's read of host memory costs 1.3 us whether it brings 8 bytes or 256. So a look (a view, a
// collector) reads whole aligned lines and is served from the few it holds: the slots of a tree's
// node, the counters of an address space, the mask of CPUs are one read each. What a line holds is
// as old as its fetch; a look that ends torn starts again with none, and shares none. What decides
// a repair never comes from here, and neither does what a detector sees.
#ifndef DEFIB_ENGINE_RUNTIME_LINES_H
#define DEFIB_ENGINE_RUNTIME_LINES_H

#include "engine/abi/context.h"
#include "engine/runtime/processor.h"

namespace defib::runtime {

inline void drop_lines(DefibContext& context) {
    context.lines.use = DEFIB_LINES_NONE;
    context.lines.last = 0;
}

// From here on, where the processor gains by it.
inline void hold_lines(DefibContext& context, DefibLineUse use) {
    if constexpr (!READS_COME_IN_LINES) return;
    context.near.size = 0;
    context.lines.use = use;
    context.lines.next = 0;
    context.lines.last = 0;
#pragma clang loop unroll(disable)
    for (uint64_t& address : context.lines.addresses) address = 0;
}

// True where a line gives the value. False: none are held, or this one cannot be had whole.
bool read_line(DefibContext& context, uint64_t address, uint32_t size, uint64_t& value);

}  // namespace defib::runtime

#endif
