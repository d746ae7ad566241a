// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From a kernel's virtual address to a place in the window.
//
// The direct map, the kernel image and most of vmemmap are linear: a subtraction and a bound. The
// rest is a walk through the page tables, four or five dependent reads, so its result is kept in a
// small cache. The kernel never tells us when it changes a table: whoever doubts (a new execution,
// an object that looked torn) forgets the cache. A stale entry can only show an old page of the
// window.
#ifndef DEFIB_ENGINE_RUNTIME_TRANSLATE_H
#define DEFIB_ENGINE_RUNTIME_TRANSLATE_H

#include "engine/abi/context.h"

namespace defib::runtime {

struct Place {
    uint32_t death;  // enum DefibDeath; DEFIB_DEATH_NONE: found
    uint64_t physical;
    uint64_t backend;
};

// Before the engine's start, once window and map are what they will be.
void prepare(DefibTarget& target);

// `size` is at most a page; the bytes must not cross the end of one.
Place translate(const DefibTarget& target, DefibCache& cache, uint64_t address, uint64_t size);

void forget_translations(DefibCache& cache);

}  // namespace defib::runtime

#endif
