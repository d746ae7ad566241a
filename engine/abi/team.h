// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The workers of an engine on a GPU: warps that run one routine for many objects at once. All of
// this lies in the GPU's own memory; boot makes room for it and leaves it alone. The twin has none.
#ifndef DEFIB_ENGINE_ABI_TEAM_H
#define DEFIB_ENGINE_ABI_TEAM_H

#include <stdint.h>

#include "engine/abi/context.h"

#define DEFIB_CHUNK_ITEMS 8u
#define DEFIB_ITEM_RECORDS 8192u  // bytes that one item may report
#define DEFIB_WORKER_RECORDS (DEFIB_CHUNK_ITEMS * DEFIB_ITEM_RECORDS)
#define DEFIB_LANES 32u

// What the other lanes of a warp are asked for by the one that runs the routine.
enum DefibOrderKind {
    DEFIB_ORDER_LEAVE = 0,
    DEFIB_ORDER_COPY = 1,  // `words` from `from` to `to`
    DEFIB_ORDER_COMPARE =
        2,  // the same; `kind` becomes DEFIB_ORDER_DIFFERS where they are not alike
    DEFIB_ORDER_DIFFERS = 3,
    DEFIB_ORDER_ADD_UP = 4,  // the chunks of the team at `from`
    DEFIB_ORDER_SUM_UP = 5,  // the groups of the team at `from`
    DEFIB_ORDER_PLACE = 6,   // `to` becomes the place of chunk number `words` of the team at `from`
};
struct DefibOrder {
    uint32_t kind;
    uint32_t words;
    uint64_t from;
    uint64_t to;
};

// What items came to, besides their records.
struct DefibSum {
    uint32_t objects;
    uint32_t torn;   // two attempts could not read them
    uint32_t death;  // of the first torn one
    uint32_t reserved;
    uint64_t death_address;
};

enum DefibJobKind {
    DEFIB_JOB_QUIT = 0,
    DEFIB_JOB_ITEMS = 1,     // the routine for each object
    DEFIB_JOB_DELIVER = 2,   // the chunks' records to where they belong
    DEFIB_JOB_REPLICAS = 3,  // replicas [first, first + count), each on a multiprocessor of its own
    DEFIB_JOB_DETECTORS = 4,  // those of the bits in `objects`, each on a worker of its own
};
struct DefibJob {
    uint32_t kind;
    uint32_t routine;
    uint32_t first;
    uint32_t count;
    uint32_t chunk;           // objects that are taken at once, at most DEFIB_CHUNK_ITEMS
    uint32_t picture_offset;  // as in DefibView
    uint32_t picture_size;
    uint32_t is_placed;  // to deliver: each chunk says where; else it is found by the groups
    uint64_t fuel;
    uint64_t objects;  // address records of 16 bytes
    uint64_t out;      // where records are delivered
    uint64_t now_ns;   // a detector's clock
    uint64_t arguments[DEFIB_ARGUMENTS];
};

// Neighbouring objects, looked at by one worker. Their records keep the objects' order.
struct DefibChunk {
    uint64_t from;   // in the arena
    uint32_t to;     // in what is delivered
    uint32_t bytes;  // of records
    uint32_t records;
    uint32_t lost;
    struct DefibSum sum;
};

// What neighbouring chunks came to, added up by whoever did them: so that each chunk's place is
// found by all warps at once, and not by one that goes through them all.
#define DEFIB_GROUP_CHUNKS 64u
struct DefibGroup {
    uint32_t bytes;
    uint32_t records;
    uint32_t lost;
    uint32_t objects;
    uint32_t torn;
    uint32_t reserved[3];
};

struct DefibWorker {
    struct DefibOrder order;
    struct DefibContext context;
};

struct DefibTeam {
    uint32_t sequence;  // raised by the loop for each job
    uint32_t finished;  // blocks that are done with it
    uint32_t next;      // the next chunk that nobody has taken
    uint32_t blocks;    // that work
    uint32_t workers;   // warps in all
    uint32_t reserved;
    uint64_t arena;
    uint64_t arena_size;
    uint64_t arena_used;
    uint64_t records;  // DEFIB_WORKER_RECORDS bytes for each worker
    struct DefibWorker* crew;
    struct DefibChunk* chunks;  // room for DEFIB_VIEW_OBJECTS
    struct DefibGroup* groups;  // of these
    struct DefibJob job;
    struct DefibPool pool;
    struct DefibOrder order;  // of the loop's own warp
    struct DefibChunk total;  // of all chunks
};

#endif
