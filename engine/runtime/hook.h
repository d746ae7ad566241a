// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine's side of the request ring (engine/abi/hook_ring.h, ask.h): what two executions agreed
// to ask for is put into it, and answers are taken as they come, one look a turn. Nothing waits.
//
// The engine is attached only while an answer is outstanding. So the module can be unloaded at any
// other time and gets its pages back, and an unload that begins while one is has a second to see
// the engine leave.
//
// What this cannot do: a request that a CPU has taken is not taken back. One that comes late does
// what was asked for late; so only what may be done twice is asked for (a wake-up), or what looks
// again whether it is still right (a release).
#ifndef DEFIB_ENGINE_RUNTIME_HOOK_H
#define DEFIB_ENGINE_RUNTIME_HOOK_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// A ring that boot has seen beat, by its physical address; 0: none any more. Whether it is one, and
// serves.
bool use_hook(DefibEngine& engine, uint64_t physical, uint64_t now_ns);

// Takes what answers there are, and withdraws what no CPU took in time.
void poll_hook(DefibEngine& engine, uint64_t now_ns);

// DEFIB_WAY_HOOK where the hook can be asked for the routine's sake, else why not.
DefibWay choose_way(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                    uint64_t now_ns);

// Asks for what both contexts reported, for the routine's sake. HOOK: all of it is in the ring.
DefibWay ask_hook(DefibEngine& engine, uint32_t routine, const uint64_t* arguments,
                  const DefibContext& one, const DefibContext& other, uint64_t now_ns);

// Whether an answer is outstanding; whether the repair has yet to be done, by either way.
bool is_waiting(const DefibEngine& engine, uint32_t routine, const uint64_t* arguments);
bool is_undone(const DefibEngine& engine, uint32_t routine, const uint64_t* arguments);

// Memory is the way that is taken for it now.
void pass_over(DefibEngine& engine, uint32_t routine, const uint64_t* arguments);

// What is asked for the sake of a routine that this one takes back must not come later.
void withdraw_undone(DefibEngine& engine, uint32_t undo, const uint64_t* arguments,
                     uint64_t now_ns);

// How many requests a context reported, and each.
uint32_t count_asks(const DefibContext& context);
bool take_ask(const DefibContext& context, uint32_t number, DefibAskRecord& ask);

}  // namespace defib::runtime

#endif
