// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole state of one engine for one target. Boot fills it before start and leaves it alone
// afterwards but for the mailbox; every capacity is fixed here.
#ifndef DEFIB_ENGINE_ABI_ENGINE_H
#define DEFIB_ENGINE_ABI_ENGINE_H

#include <stdint.h>

#include "engine/abi/ask.h"
#include "engine/abi/context.h"
#include "engine/abi/journal.h"
#include "engine/abi/mailbox.h"
#include "engine/abi/responder.h"
#include "engine/abi/statistics.h"
#include "engine/abi/team.h"

#define DEFIB_ABI_VERSION 2u
#define DEFIB_ROUTINES 256
#define DEFIB_DETECTORS 64
#define DEFIB_REPLICAS 3
#define DEFIB_VIEW_OBJECTS 65536u
#define DEFIB_OBJECT_ROOM (DEFIB_VIEW_OBJECTS * 16u)  // bytes
#define DEFIB_REPLICA_RECORDS 65536u                  // bytes for each replica

enum DefibRoutineState { DEFIB_ROUTINE_OFF = 0, DEFIB_ROUTINE_READS = 1, DEFIB_ROUTINE_STORES = 2 };

#define DEFIB_NO_ROUTINE 0xffffffffu
#define DEFIB_CHAIN 4             // routines that follow each other, at most
#define DEFIB_COLLECTOR_STAGES 4  // a collector, its heads, theirs, and so on

// The numbers of others are DEFIB_NO_ROUTINE where its source names none.
struct DefibRoutine {
    uint64_t fuel;       // the manifest's bound for one execution
    uint32_t state;      // enum DefibRoutineState: off where it could not bind
    uint32_t collector;  // OF_EACH
    uint32_t then;       // THEN
    uint32_t observer;   // OBSERVED_BY
    uint32_t undo;       // UNDONE_BY
    uint32_t hook;       // BY_HOOK: its number and 1; 0: it knows no other way
};

struct DefibDetector {
    uint32_t routine;
    uint32_t rules;  // a bit for each rule of the policy that listens to it
    uint64_t period_ns;
    uint64_t due_ns;
    uint64_t arguments[DEFIB_ARGUMENTS];  // thresholds
    uint64_t deaths;                      // in a row; the first one is journaled
    uint64_t late_said_ns;                // when it was last said that it ran late
};

struct DefibStatistics {
    struct DefibLoopRecord loop;
    uint64_t last_turn;                            // ticks at its start
    uint64_t found;                                // when a detector's findings were taken last
    struct DefibTimes times[DEFIB_TIMES_COUNT];    // enum DefibTimesOf
    struct DefibTimes detectors[DEFIB_DETECTORS];  //
    uint64_t reads[DEFIB_DETECTORS];
    uint64_t replica_reads;  // of first replicas
    uint64_t read_back;      // what stood where the last repair stored last
};

struct DefibEngine {
    uint32_t abi_version;
    uint32_t detector_count;
    struct DefibTarget* target;
    struct DefibMailbox* mailbox;
    struct DefibJournal* journal;      // the engine's own
    struct DefibJournal* published;    // a GPU's, in memory that others see; null: `journal` is
    uint64_t told;                     // the last entry that was copied there
    struct DefibResponder* responder;  // 0: nothing is looked for but what a command asks
    struct DefibTeam* team;            // of a GPU; null: one thread does all
    uint64_t turns;                    // of the loop; the mailbox, far away, has a copy
    uint32_t answered;                 // the last command that was carried out
    uint32_t idle_ns;                  // how long a GPU's loop rests while nothing is asked
    uint64_t awake_until;              // ticks; before that it does not rest at all
    uint64_t plans_only;               // 1: what is acted on now is to be shown, and not done
    struct DefibRecords records;       // the buffer of a view's answer
    uint64_t* objects;         // room for DEFIB_VIEW_OBJECTS address records of 16 bytes, twice
    uint64_t replica_records;  // DEFIB_REPLICAS buffers of DEFIB_REPLICA_RECORDS bytes
    struct DefibRoutine routines[DEFIB_ROUTINES];
    struct DefibDetector detectors[DEFIB_DETECTORS];
    struct DefibContext replicas[DEFIB_REPLICAS];
    uint64_t memory[DEFIB_DETECTORS][DEFIB_MEMORY_SIZE / 8];  // what detectors keep
    struct DefibStatistics statistics;
    struct DefibHookLink hook;
};

#endif
