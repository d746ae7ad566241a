// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One repair: the steps of a rule's chain, one after the other.
#ifndef DEFIB_ENGINE_RUNTIME_REPAIR_H
#define DEFIB_ENGINE_RUNTIME_REPAIR_H

#include "engine/abi/engine.h"

namespace defib::runtime {

void begin_repair(DefibCase& one, uint64_t now_ns);

// Whatever is due of a case that is in hand or cooling.
void advance(DefibEngine& engine, DefibCase& one, uint64_t now_ns);

// The step's arguments, DEFIB_ARGUMENTS of them, from the finding and the victim.
void fill_arguments(const DefibPolicyStep& step, const DefibCase& one, uint64_t* arguments);

}  // namespace defib::runtime

#endif
