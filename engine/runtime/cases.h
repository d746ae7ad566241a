// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Cases: findings that the responder knows. A fixed number of them, and what finds no room is said
// and left alone.
#ifndef DEFIB_ENGINE_RUNTIME_CASES_H
#define DEFIB_ENGINE_RUNTIME_CASES_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// A repair is under way, or being taken back.
inline bool is_in_hand(const DefibCase& one) {
    return one.state == DEFIB_CASE_ACTING || one.state == DEFIB_CASE_GRACE ||
           one.state == DEFIB_CASE_RESTORING;
}

// The case of this finding, a new one where it is new; nullptr: there is no room.
DefibCase* update_case(DefibEngine& engine, uint32_t rule, const DefibFinding& finding,
                       uint64_t now_ns);

// Of more culprits than fit, those that rank highest stay.
void keep_culprit(DefibCase& one, const DefibCulprit& culprit, uint32_t measure);

// The finding is over.
void close_case(DefibEngine& engine, DefibCase& one, uint64_t now_ns);

// The repair is over, one way or the other.
void cool_down(DefibEngine& engine, DefibCase& one, uint64_t now_ns);

// Counts one repair, or says which budget is used up.
DefibDecline spend_budget(DefibResponder& responder, uint32_t rule, uint64_t now_ns);

}  // namespace defib::runtime

#endif
