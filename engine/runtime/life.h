// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of an execution: it starts with fuel, and ends by returning or by dying. There is no
// unwinding on a GPU, so death is a flag that every call looks at.
#ifndef DEFIB_ENGINE_RUNTIME_LIFE_H
#define DEFIB_ENGINE_RUNTIME_LIFE_H

#include "engine/abi/context.h"

namespace defib::runtime {

inline void die(DefibContext& context, uint32_t reason, uint64_t address) {
    if (context.death != DEFIB_DEATH_NONE) return;  // the first reason is the cause
    context.death = reason;
    context.death_address = address;
}

// False when dead or just starved.
inline bool spend(DefibContext& context, uint32_t units) {
    if (context.death != DEFIB_DEATH_NONE) return false;
    if (context.fuel < units) {
        context.fuel = 0;
        die(context, DEFIB_DEATH_FUEL, 0);
        return false;
    }
    context.fuel -= units;
    return true;
}

inline bool is_width(uint32_t size) {
    return size == 1 || size == 2 || size == 4 || size == 8;
}

}  // namespace defib::runtime

#endif
