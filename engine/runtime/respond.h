// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The responder: from findings to repairs, as the policy says.
//
//   finding seen ---> WATCHED ---> ACTING ---> GRACE ---> COOLING ---> free
//                        |            ^           |          ^
//                        |            '-- next ---'          |
//                        '-- passes by itself --> free       '-- no step left, or the finding is
//                        over
//
// A finding that lasts as long as its rule wants becomes a repair: a victim is chosen, a step is
// taken, its effect is awaited until its deadline, then the finding has the step's grace to end.
// Where the effect or the end does not come, the next step is taken. Then nothing is done about
// this finding before the cool-down is over. Then what the steps did is taken back, where the rule
// has steps for that (`finally`): also where the finding came again, and before the engine stops.
//
// What keeps it from doing harm:
//   a repair begins only in the moment its detector has seen the finding again, and after any
//   repair every other finding must hold anew: what was cured along with it is not treated for;
//   while one repair of a fault, or one of a task, is in hand, no other of the same begins;
//   no more repairs an hour than the rule and the policy allow;
//   nothing at all where the table is malformed, the policy observes, or the kernel is in doubt.
#ifndef DEFIB_ENGINE_RUNTIME_RESPOND_H
#define DEFIB_ENGINE_RUNTIME_RESPOND_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// Once, before the first turn: makes the engine's detectors those of the policy's rules.
void start_responder(DefibEngine& engine, uint64_t now_ns);

// What detector `number` reported in a run that ended alive.
void take_findings(DefibEngine& engine, uint32_t number, const DefibRecords& records,
                   uint64_t now_ns);

// Each turn: steps, effects, deadlines.
void respond(DefibEngine& engine, uint64_t now_ns);

// From now on no repair begins; what is in hand is brought to its end.
void settle(DefibEngine& engine);
bool is_settled(const DefibEngine& engine);

// When the responder has something to do next; ~0: not before a detector finds something.
uint64_t next_look_ns(const DefibEngine& engine);

}  // namespace defib::runtime

#endif
