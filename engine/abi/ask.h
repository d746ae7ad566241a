// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a routine wants done by the hook (hook_ring.h) in place of stores of its own, and which way
// was taken. A routine that knows both ways names another with BY_HOOK: that one proves the same of
// its object, stores nothing and emits what it asks for. The runtime puts it into the ring where
// the hook is there, and else carries out the routine itself.
#ifndef DEFIB_ENGINE_ABI_ASK_H
#define DEFIB_ENGINE_ABI_ASK_H

#include <stdint.h>

#include "engine/abi/context.h"
#include "engine/abi/hook_ring.h"

// Emitted by the routine that BY_HOOK names.
#define DEFIB_RECORD_ASK 7u
struct DefibAskRecord {
    uint32_t kind;  // enum DefibHookKind
    uint32_t cpu;   // or DEFIB_HOOK_ANY_CPU
    uint64_t arguments[DEFIB_HOOK_ARGUMENTS];
};

// In the answer to DEFIB_COMMAND_ACT, of each routine of the chain that knows two ways.
#define DEFIB_RECORD_WAY 8u
struct DefibWayRecord {
    uint32_t routine;
    uint32_t way;               // enum DefibWay
    struct DefibAskRecord ask;  // by the hook: what is asked for; else all zeros
};

// Frozen: journals hold these numbers.
// X(NAME, number, "for people")
// clang-format off
#define DEFIB_WAY_LIST(X)                                                                          \
    X(HOOK,      1, "by the hook")                                                                 \
    X(NO_HOOK,   2, "by memory: no hook there")                                                    \
    X(LEFT,      3, "by memory: the hook has left")                                                \
    X(PANICKED,  4, "by memory: the kernel has panicked, and with it its hook")                    \
    X(SILENT,    5, "by memory: the hook does not answer")                                         \
    X(REFUSED,   6, "by memory: the hook has refused")                                             \
    X(FULL,      7, "by memory: the hook has no room for another request")                         \
    X(OFF,       8, "by memory: what asks the hook is off for this kernel")
// clang-format on

#define DEFIB_WAY_NUMBER(name, number, text) DEFIB_WAY_##name = (number),
enum DefibWay { DEFIB_WAY_NONE = 0, DEFIB_WAY_LIST(DEFIB_WAY_NUMBER) };
#undef DEFIB_WAY_NUMBER

#define DEFIB_ASKS 16

enum DefibAskState {
    DEFIB_ASK_FREE = 0,
    DEFIB_ASK_WAITING = 1,  // for its answer
    DEFIB_ASK_DONE = 2,
    DEFIB_ASK_FAILED = 3,  // refused or not answered: memory is the way, and was not yet taken
    DEFIB_ASK_PASSED = 4,  // and it was
};

// One request that was put into the ring.
struct DefibAsk {
    uint32_t state;     // enum DefibAskState
    uint32_t routine;   // that knows the two ways
    uint32_t slot;      // of the ring
    uint32_t sequence;  // in that slot
    uint32_t kind;      // enum DefibHookKind
    uint32_t way;       // enum DefibWay: once it failed, why
    uint64_t asked_ns;
    uint64_t arguments[DEFIB_ARGUMENTS];  // the routine's
};

// The engine's side of the ring. Boot says where it lies (DEFIB_COMMAND_HOOK); the engine looks
// whether that is one, and again before each request.
struct DefibHookLink {
    uint64_t ring;  // backend address of its header; 0: there is none
    uint64_t load;
    uint32_t engine_at;
    uint32_t requests_at;
    uint32_t answers_at;
    uint32_t sequence;
    uint32_t waiting;   // how many of `asks` are
    uint32_t gone;      // enum DefibWay: why there is none any more
    uint32_t attached;  // by this engine
    uint32_t reserved;
    uint64_t silent_ns;  // until then it is not asked, as it did not answer
    uint64_t told;       // routine and way of what was last journaled
    uint64_t told_ns;
    struct DefibAsk asks[DEFIB_ASKS];
};

#endif
