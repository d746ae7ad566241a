// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Repairs: a routine and what follows it, replicated, compared, committed; and whether the effect
// is there.
//
// A repair is a chain (THEN), and each link may be for one object or for each that a collector
// finds (OF_EACH: the threads of a process). Every object is a repair of its own, with its own
// replicas, plan and commit: one that has changed meanwhile fails alone. The chain goes on where a
// link's objects all succeeded or wanted nothing, and stops where one failed: what follows rests
// upon what came before.
#ifndef DEFIB_ENGINE_RUNTIME_ACT_H
#define DEFIB_ENGINE_RUNTIME_ACT_H

#include "engine/abi/engine.h"
#include "engine/abi/reason.h"

namespace defib::runtime {

// Carries out the chain that starts with `routine`. The answer carries the records of the routines,
// and a DEFIB_RECORD_STORE for each store. What passes by itself (an old value that had changed, a
// flag in use) is tried again at once, a few times.
void act(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
         DefibAnswer& answer);

// The same up to the point where something would be written or asked of the hook; the answer shows
// it as that of a target that is only looked at.
void plan(DefibEngine& engine, uint32_t routine, const uint64_t* arguments, uint64_t now_ns,
          DefibAnswer& answer);

// Whether a routine that gave up for this reason may well be tried again.
bool passes_by_itself(uint32_t reason);

// Whether the effect of the routine is there, as its OBSERVED_BY view sees it now; without one:
// there.
DefibEffect observe(DefibEngine& engine, uint32_t routine, const uint64_t* arguments);

}  // namespace defib::runtime

#endif
