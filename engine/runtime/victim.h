// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whom a repair is done to: the best of a finding's culprits, by the rule's measure, that nothing
// protects. Who is passed over is journaled with the reason.
#ifndef DEFIB_ENGINE_RUNTIME_VICTIM_H
#define DEFIB_ENGINE_RUNTIME_VICTIM_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// How high a culprit ranks; `place` is its place in the detector's own order.
uint64_t rank_of(const DefibCulprit& culprit, uint32_t measure, uint32_t place);

// Why it must not be touched by this rule; DEFIB_DECLINE_NONE: it may.
DefibDecline protection_of(DefibEngine& engine, const DefibPolicyRule& rule,
                           const DefibCulprit& culprit);

// Whether those who are passed over are journaled.
enum class Tell : uint32_t { everything, nothing };

// Sets the case's victim. False: nobody is left.
bool choose_victim(DefibEngine& engine, DefibCase& one, Tell tell, uint64_t now_ns);

void note_victim(DefibEngine& engine, const DefibCase& one, uint64_t now_ns);

// The 16 bytes of a name, as two words of a journal entry.
uint64_t half_of_name(const char* comm, uint32_t half);

}  // namespace defib::runtime

#endif
