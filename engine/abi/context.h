// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What one execution of a routine carries: fuel, life, translations, plan, picture, records.
// Compiled code gets it as first argument and passes it on; only the runtime looks inside.
#ifndef DEFIB_ENGINE_ABI_CONTEXT_H
#define DEFIB_ENGINE_ABI_CONTEXT_H

#include <stdint.h>

#include "engine/abi/plan.h"
#include "engine/abi/record.h"
#include "engine/abi/target.h"

#define DEFIB_ARGUMENTS 6

// Why an execution is dead. Frozen: journals hold these numbers. A routine's own reasons start at
// DEFIB_DEATH_OWN.
enum DefibDeath {
    DEFIB_DEATH_NONE = 0,
    DEFIB_DEATH_FUEL = 1,           // more work than its bound
    DEFIB_DEATH_ADDRESS = 2,        // not an address of the kernel: user, null, not canonical
    DEFIB_DEATH_NOT_MAPPED = 3,     // the kernel's page tables have nothing there
    DEFIB_DEATH_WINDOW = 4,         // it, or a page table on the way, is outside of the window
    DEFIB_DEATH_STRADDLE = 5,       // it crosses the end of a page
    DEFIB_DEATH_WIDTH = 6,          // not 1, 2, 4 or 8 bytes
    DEFIB_DEATH_MISALIGNED = 7,     // a store that is not aligned to its width
    DEFIB_DEATH_PLAN_FULL = 8,      // more stores than DEFIB_PLAN_STORES
    DEFIB_DEATH_PLAN_OVERLAP = 9,   // two stores of different widths or fields on the same bytes
    DEFIB_DEATH_STORE_DENIED = 10,  // a view or detector that stores
    DEFIB_DEATH_SLOT = 11,          // a slot that the binding does not have
    DEFIB_DEATH_RECORD = 12,        // a record larger than DEFIB_RECORD_SIZE_MAX
    DEFIB_DEATH_ROUTINE = 13,       // no routine of that number
    DEFIB_DEATH_INDEX = 14,         // an index outside of its array
    DEFIB_DEATH_UNREACHABLE = 15,   // a path that the routine's author called impossible
    DEFIB_DEATH_MEMORY = 16,        // more memory than DEFIB_MEMORY_SIZE, or who is no detector
    DEFIB_DEATH_TORN = 17,          // the object changed each time that it was read
    DEFIB_DEATH_OWN_POINTER = 18,   // it follows a pointer that it has stored itself
    DEFIB_DEATH_OWN = 256,
};

#define DEFIB_CACHED_PAGES 16

struct DefibCachedPage {
    uint64_t mask;  // of the address bits that name the page; 0: empty
    uint64_t page;  // virtual
    uint64_t physical;
    uint64_t backend;
};

struct DefibCache {
    uint32_t next;
    uint32_t reserved;
    struct DefibCachedPage pages[DEFIB_CACHED_PAGES];
};

// A copy of one object's needed span, taken in one burst; loads that lie inside are served from it.
#define DEFIB_PICTURE_SIZE 4096u
struct DefibPicture {
    uint64_t address;  // virtual, of the span's first byte
    uint64_t size;     // 0: none is held
    uint64_t words[DEFIB_PICTURE_SIZE / 8];
};

// What a detector may keep between its runs.
#define DEFIB_MEMORY_SIZE 4096u

// What lies around a word that was read costs nothing more on a GPU: where an execution may go by
// it, every read brings a whole aligned line, and the next ones in it are served from there.
#define DEFIB_LINES 8
#define DEFIB_LINE_SIZE 256u
enum DefibLineUse { DEFIB_LINES_NONE = 0, DEFIB_LINES_OWN = 1, DEFIB_LINES_SHARED = 2 };
struct DefibLines {
    uint32_t use;  // enum DefibLineUse; NONE: each load goes to memory
    uint32_t next;
    uint64_t last;                    // address of the line that served last; 0: none
    uint64_t last_words;              // and where its words are
    uint64_t addresses[DEFIB_LINES];  // virtual; 0: empty
    uint64_t words[DEFIB_LINES][DEFIB_LINE_SIZE / 8];
};

// Lines that many executions of one job want, each read once (engine/runtime/pool_nvptx64.cpp).
#define DEFIB_POOL_LINES 65536u  // a power of two
struct DefibPool {
    uint64_t round;  // grows with each job, so that no line outlives it
    uint64_t tags;   // backend address of DEFIB_POOL_LINES words
    uint64_t words;  // and of the lines
};

// The stretch of memory that is read most (the direct map), where nothing lies over it: no picture,
// line or planned store. So that most loads take one comparison.
struct DefibNear {
    uint64_t first;  // virtual
    uint64_t size;   // 0: every load goes the long way
    uint64_t backend;
};

enum DefibStores { DEFIB_STORES_DENIED = 0, DEFIB_STORES_PLANNED = 1 };

struct DefibContext {
    const struct DefibTarget* target;
    uint64_t fuel;   // left
    uint64_t reads;  // loads so far
    uint64_t took;   // ticks, of a replica that has ended
    struct DefibNear near;
    uint32_t death;          // enum DefibDeath, or a routine's own reason; 0: alive
    uint32_t stores;         // enum DefibStores
    uint64_t death_address;  // where that was for an address; 0 otherwise
    uint64_t load_hash;      // of every load's address and value, in order
    uint64_t result;         // what the routine returned
    struct DefibRecords records;
    struct DefibCache cache;
    struct DefibPlan plan;
    struct DefibPicture picture;
    struct DefibLines lines;
    const struct DefibPool* pool;  // null: none
    uint64_t crew;  // backend address of the order (team.h) that the other lanes wait for; 0: none
    uint64_t now_ns;       // a detector's clock; 0 for others
    uint64_t kept;         // backend address of a detector's memory; 0: none
    uint32_t memory_used;  // how much of it is in `memory`
    uint32_t reserved;
    uint64_t memory[DEFIB_MEMORY_SIZE / 8];  // the run's own copy
    uint64_t sink[DEFIB_MEMORY_SIZE / 8];    // where a dead routine's records go
};

#endif
