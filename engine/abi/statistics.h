// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the running engine says of itself: how long its turns, detectors and repairs take. Counted
// in ticks of the processor that runs it (engine/runtime/processor.h), into buckets of fixed
// number, so that it costs the same after a minute and after a year. DEFIB_COMMAND_STATISTICS
// answers with it: one record of each kind below, of detectors one for each.
#ifndef DEFIB_ENGINE_ABI_STATISTICS_H
#define DEFIB_ENGINE_ABI_STATISTICS_H

#include <stdint.h>

// Four for each doubling: a percentile read from them is right to a fifth.
#define DEFIB_TIME_BUCKETS 160u

struct DefibTimes {
    uint64_t count;
    uint64_t total;  // ticks
    uint64_t most;
    uint32_t buckets[DEFIB_TIME_BUCKETS];
};

#define DEFIB_RECORD_LOOP 5u
struct DefibLoopRecord {
    uint64_t started;    // ticks
    uint64_t now;        //
    uint64_t turns;      //
    uint64_t heads;      // of the last view, in ticks: its collectors
    uint64_t items;      // its items' work
    uint64_t adding;     // finding each item's place in the answer
    uint64_t delivered;  // bringing the answer there
};

#define DEFIB_RECORD_TIMES 6u
enum DefibTimesOf {
    DEFIB_TIMES_TURN = 0,    // a turn in which a detector ran or a repair was in hand
    DEFIB_TIMES_PERIOD = 1,  // from the start of a turn to the start of the next one
    DEFIB_TIMES_PLAN = 2,    // one object of a repair: replicas, comparison, commit
    DEFIB_TIMES_ACT = 3,     // from a finding that is to be acted on to the last commit of its step
    DEFIB_TIMES_COMMANDS = 4,
    // The way from a finding to its committed step, by its parts. All but the first two are of each
    // link of a repair, whoever asked for it.
    DEFIB_TIMES_CHOICE = 5,      // from the finding until the repair begins: victim, budgets
    DEFIB_TIMES_IDENTITY = 6,    // whether it is still that kernel
    DEFIB_TIMES_COLLECT = 7,     // whom a link is for
    DEFIB_TIMES_REPLICAS = 8,    // both, from the order to the last one's report
    DEFIB_TIMES_REPLICA = 9,     // of it the first one's own time
    DEFIB_TIMES_COMPARE = 10,    // the two plans
    DEFIB_TIMES_COMMIT = 11,     // old values, stores
    DEFIB_TIMES_READ_BACK = 12,  // until what was stored is there
    DEFIB_TIMES_NOTE = 13,       // the journal's entries of it
    DEFIB_TIMES_COUNT = 14,
    DEFIB_TIMES_DETECTOR = 256,  // and the detector's number
};
struct DefibTimesRecord {
    uint32_t of;  // enum DefibTimesOf
    uint32_t routine;
    uint64_t reads;  // of the target's memory, of a detector or of first replicas in all runs
    struct DefibTimes times;
};

#endif
