// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls between compiled code and the runtime: all of them. engine/README.md says what they
// mean. Of the routines the runtime calls one function, which the compiler generates: a switch over
// the manifest's routine numbers, because there are no indirect calls on either side.
#ifndef DEFIB_ENGINE_ABI_CALLS_H
#define DEFIB_ENGINE_ABI_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/abi/context.h"

// What things cost. Loads and stores charge themselves; the compiler charges loops.
#define DEFIB_FUEL_LOAD 1u
#define DEFIB_FUEL_STORE 4u
#define DEFIB_FUEL_RECORD 4u

// In `size` of a load: a pointer that the kernel has put there. Where the plan stores to these
// bytes the routine dies: following what it stored itself would make any word as good as the
// kernel's.
#define DEFIB_LOAD_UNPLANNED 0x100u

#ifdef __cplusplus
extern "C" {
#endif

uint64_t defib_load(struct DefibContext* context, uint64_t address, uint32_t size);
void defib_store(struct DefibContext* context, uint64_t address, uint64_t value, uint32_t size,
                 uint32_t field);
bool defib_charge(struct DefibContext* context, uint32_t units);
const uint64_t* defib_bindings(struct DefibContext* context, uint32_t slots);
void* defib_emit(struct DefibContext* context, uint32_t kind, uint32_t size);
void defib_die(struct DefibContext* context, uint32_t reason);

// For detectors only. The memory that a detector keeps between its runs, zero before the first one:
// never null, and what a run that dies wrote there is forgotten. The engine's clock, one time for
// a whole run.
void* defib_memory(struct DefibContext* context, uint32_t size);
uint64_t defib_now(struct DefibContext* context);

// The physical address of the kernel module's ring (hook_ring.h), as long as the engine may ask it;
// 0: there is none.
uint64_t defib_hook(struct DefibContext* context);

// Generated: runs routine number `routine` of the manifest; an unknown number dies with
// DEFIB_DEATH_ROUTINE. Narrow arguments are in the low bits, narrow results are extended.
uint64_t defib_dispatch(struct DefibContext* context, uint32_t routine, const uint64_t* arguments);

#ifdef __cplusplus
}
#endif

#endif
