// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Why a routine gave up, and what the view that observes its effect answers. Both are frozen:
// journals hold the numbers. Add reasons at the end.
//
// A reason that passes by itself (a flag that a CPU is just changing) makes act() try again at
// once, a few times; the others are final for these arguments.
#ifndef DEFIB_ENGINE_ABI_REASON_H
#define DEFIB_ENGINE_ABI_REASON_H

#include "engine/abi/context.h"

// X(NAME, number, passes by itself, "what people are told")
// clang-format off
#define DEFIB_REASON_LIST(X)                                                                       \
    X(GONE,           1, 0, "it is gone, or its number is another's by now")                       \
    X(KERNEL_THREAD,  2, 0, "it is a thread of the kernel's own")                                  \
    X(INIT,           3, 0, "it is an init process")                                               \
    X(EXITING,        4, 0, "it is ending already")                                                \
    X(TRACED,         5, 0, "a debugger holds it")                                                 \
    X(BUSY_FLAGS,     6, 1, "its flags are just being changed")                                    \
    X(BLOCKED,        7, 0, "each of its threads blocks that signal")                              \
    X(ARGUMENT,       8, 0, "an argument is outside of what it may be")                            \
    X(STATE,          9, 0, "it is not in the state that this repairs")                            \
    X(NO_CPU,        10, 1, "no CPU takes work from outside at this moment")                       \
    X(SCRATCH_BUSY,  11, 1, "the kernel still works on what was given to it before")               \
    X(PARAVIRTUAL,   12, 0, "spinlocks are paravirtual here: one byte is not an unlock")           \
    X(NOT_PROVED,    13, 0, "it is not proved that nobody holds the lock")                         \
    X(CHANGED,       14, 0, "it is not as the arguments say any more")                             \
    X(CHECKED_CALLS, 15, 0, "this kernel checks its indirect calls, and would refuse the work")    \
    X(KEY_OFF,       16, 0, "the kernel's code for it is switched off until somebody uses it")     \
    X(LAYOUT,        17, 0, "this kernel's bits lie where the routine cannot write them alone")    \
    X(RAISES,        18, 0, "it may only be lowered")                                              \
    X(NOT_STOPPED,   19, 0, "it has to be stopped first, and off its run queue")                   \
    X(TOO_MANY,      20, 0, "more than can be done in one go")                                     \
    X(LOCKED,        21, 1, "the kernel is just changing it")                                      \
    X(PINNED,        22, 1, "something may run on that CPU alone")                                 \
    X(ROOT_CGROUP,   23, 0, "it is in the root cgroup, which has no such limit")                   \
    X(NO_CONTROLLER, 24, 0, "its cgroup does not have that controller on")
// clang-format on

#define DEFIB_REASON_ENUM(name, number, passes, text) \
    DEFIB_REASON_##name = DEFIB_DEATH_OWN + (number),
enum DefibReason { DEFIB_REASON_LIST(DEFIB_REASON_ENUM) };
#undef DEFIB_REASON_ENUM

// What a routine's OBSERVED_BY view returns.
enum DefibEffect {
    DEFIB_EFFECT_NOT_YET = 0,
    DEFIB_EFFECT_THERE = 1,
    DEFIB_EFFECT_NEVER = 2,  // it cannot come any more
};

#endif
