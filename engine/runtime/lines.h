// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines: what lies around a word is fetched with it.
//
// A GPU's read of host memory costs 1.3 us whether it brings 8 bytes or 256. So a look (a view, a
// collector) reads whole aligned lines and is served from the few it holds: the slots of a tree's
// node, the counters of an address space, the mask of CPUs are one read each. What a line holds is
// as old as its fetch; a look that ends torn starts again with none, and shares none. What a
// detector sees never comes from here.
//
// What decides a repair may, as PROVED lines: a replica's own, empty when it starts, and at its end
// every word that was served is read once more, all of them at once. One that has changed ends the
// replica as torn, and act() begins anew. So each of these words stood in memory when it was
// fetched and when the plan was made: that is more than reading each once would tell. What a
// routine stores over is read from memory besides, when it says so and at the commit.
// A routine that waits within one execution for a word to change would wait in vain.
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
}

// True where a line gives the value. False: none are held, or this one cannot be had whole.
bool read_line(DefibContext& context, uint64_t address, uint32_t size, uint64_t& value);

// Ends the execution as torn where memory has something else by now than what PROVED lines served.
void confirm_lines(DefibContext& context);

// Which words of a line these bytes are of.
inline uint32_t words_at(uint64_t within, uint32_t size) {
    return 1U << (within / 8) | 1U << ((within + size - 1) / 8);
}

}  // namespace defib::runtime

#endif
