// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The mailbox: one command at a time from boot to the running engine, and its answer. Boot fills
// the command and then raises `posted`; the engine answers and then sets `done` to the same number.
//
// Over a bus each fence and each look costs a microsecond or two. So command and answer carry a
// proof, a hash of themselves and of their number: who sees number, content and proof at once, and
// finds that they belong together, needs no order between them. A command whose proof does not hold
// is read again in order; an answer whose proof does not hold has not arrived whole yet.
#ifndef DEFIB_ENGINE_ABI_MAILBOX_H
#define DEFIB_ENGINE_ABI_MAILBOX_H

#include <stdint.h>

#include "engine/abi/calls.h"

enum DefibCommandKind {
    DEFIB_COMMAND_NONE = 0,
    DEFIB_COMMAND_STOP = 1,
    DEFIB_COMMAND_VIEW = 2,        // collect, then one execution for each object found
    DEFIB_COMMAND_ACT = 3,         // replicate, compare, commit
    DEFIB_COMMAND_STATISTICS = 4,  // how long what takes (statistics.h)
    DEFIB_COMMAND_OBSERVE = 5,     // result: enum DefibEffect, of `routine` as it was carried out
    // Where the hook's ring lies: its physical address as first argument, 0: no more. result: 1
    // where there is one that serves.
    DEFIB_COMMAND_HOOK = 6,
    // What ACT would store and ask for, as its answer tells it. Nothing is written or asked.
    DEFIB_COMMAND_PLAN = 7,
};

struct DefibView {
    uint32_t collector;       // routine that emits DEFIB_RECORD_POINTER; DEFIB_VIEW_ONCE: none
    uint32_t item;            // routine that is run for each pointer
    uint32_t picture_offset;  // the span of the object that the item routine reads
    uint32_t picture_size;    // 0: no picture
};
#define DEFIB_VIEW_ONCE 0xffffffffu  // run the item routine once, with the command's arguments

struct DefibCommand {
    uint32_t kind;
    uint32_t routine;  // of ACT, PLAN and OBSERVE
    struct DefibView view;
    uint64_t arguments[DEFIB_ARGUMENTS];
};

struct DefibAnswer {
    uint32_t outcome;  // enum DefibOutcome; of a chain: the first one that failed, else the best
    uint32_t death;    // of the routine; of a view: the collector's, else the first torn object's
    uint64_t death_address;
    uint64_t result;
    uint32_t objects;     // collected
    uint32_t torn;        // objects that two attempts could not read, or that a repair failed for
    uint32_t incomplete;  // the collector died twice, or found more than there is room for
    uint32_t routine;     // of a chain: the one that `outcome` and `death` are of
    struct DefibRecords records;
};

struct DefibMailbox {
    uint32_t posted;
    uint32_t done;
    uint64_t heartbeat;  // turns of the loop
    struct DefibCommand command;
    uint64_t command_proof;  // of `command` and `posted` (engine/runtime/mailbox.h)
    uint64_t answer_proof;   // of `answer` and `done`
    struct DefibAnswer answer;
};
#define DEFIB_MAILBOX_ASKED (16u + sizeof(struct DefibCommand) + 8u)  // bytes, from its start on

#endif
