// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A plan: the stores that a routine wants. Nothing reaches the target before two executions have
// made the same plan and the old values have been read again; afterwards the plan is the undo.
#ifndef DEFIB_ENGINE_ABI_PLAN_H
#define DEFIB_ENGINE_ABI_PLAN_H

#include <stdint.h>

#define DEFIB_PLAN_STORES 64

// In `field`: the value is stored in its full width even where fewer bytes change. Set by the
// compiler for pointers: half a pointer is worse than a lost one. Other stores touch only the
// smallest aligned power of two of bytes that covers the change, so that a CPU's concurrent change
// of a neighbouring byte of the same word survives.
#define DEFIB_STORE_WHOLE 0x80000000u

struct DefibStore {
    uint64_t address;   // virtual, for people and for the journal
    uint64_t physical;  // what is written
    uint64_t old_value;
    uint64_t new_value;
    uint32_t size;   // 1, 2, 4 or 8; the address is a multiple of it
    uint32_t field;  // the manifest's number, and DEFIB_STORE_WHOLE
};

struct DefibPlan {
    uint32_t count;
    uint32_t reserved;
    struct DefibStore stores[DEFIB_PLAN_STORES];
};

// How an execution ended. Frozen: journals hold these numbers.
enum DefibOutcome {
    DEFIB_OUTCOME_NONE = 0,
    DEFIB_OUTCOME_COMMITTED = 1,  // every store was made
    DEFIB_OUTCOME_NO_CHANGE = 2,  // executions agreed, and wanted no store
    DEFIB_OUTCOME_DISAGREED = 3,  // no two of three executions were alike
    DEFIB_OUTCOME_DIED = 4,       // two executions gave up, for the same reason
    DEFIB_OUTCOME_STALE = 5,      // an old value had changed; nothing stands
    DEFIB_OUTCOME_PARTIAL = 6,    // an old value changed between two stores, and not all of the
                                  // first ones could be taken back
    DEFIB_OUTCOME_READ_ONLY = 7,  // a dump, or only asked about: the plan is for show
    DEFIB_OUTCOME_REFUSED = 8,    // a store of the plan is malformed or outside the window
};

#endif
