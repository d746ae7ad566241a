// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The persistent loop, one turn of it. Who calls it owns the clock: a kernel on the GPU that never
// returns, a thread of the twin, or a test.
#ifndef DEFIB_ENGINE_RUNTIME_LOOP_H
#define DEFIB_ENGINE_RUNTIME_LOOP_H

#include "engine/abi/engine.h"
#include "engine/runtime/mailbox.h"

namespace defib::runtime {

enum class Turn : uint32_t { go_on, stop };

// Once, before the first turn.
void start(DefibEngine& engine, uint64_t now_ns);

// Beats the heart, runs the detectors that are due, goes on with repairs, carries out the command
// that waits. After a command to stop it goes on until no repair is in hand.
Turn turn(DefibEngine& engine, uint64_t now_ns);

// Until then a turn has nothing to do but for commands: a processor that is not the engine's alone
// may sleep.
uint64_t next_turn_ns(const DefibEngine& engine);

}  // namespace defib::runtime

#endif
