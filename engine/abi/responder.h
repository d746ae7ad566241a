// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the engine keeps in mind of findings and of repairs in hand. One case is one finding (rule,
// fault, key) from the moment it is seen until it is over and its cool-down has passed.
#ifndef DEFIB_ENGINE_ABI_RESPONDER_H
#define DEFIB_ENGINE_ABI_RESPONDER_H

#include <stdint.h>

#include "engine/abi/finding.h"
#include "engine/abi/policy.h"

#define DEFIB_CASES 32
#define DEFIB_CASE_CULPRITS 8  // the victim and its runners-up
#define DEFIB_WITNESSES 16

enum DefibCaseState {
    DEFIB_CASE_FREE = 0,
    DEFIB_CASE_WATCHED = 1,    // the finding is there; it may yet pass by itself
    DEFIB_CASE_ACTING = 2,     // a step is to be taken, or was taken and its effect is awaited
    DEFIB_CASE_GRACE = 3,      // the effect was seen; the finding should end now
    DEFIB_CASE_COOLING = 4,    // no repair before the cool-down is over
    DEFIB_CASE_RESTORING = 5,  // then what the steps did is taken back, where the rule says so
};

struct DefibCase {
    uint32_t state;        // enum DefibCaseState
    uint32_t rule;         //
    uint64_t number;       // from 1, as in the journal
    uint32_t is_open;      // the finding was there when its detector last ran
    uint32_t was_seen;     // in the run that is being looked at
    uint32_t step;         //
    uint32_t is_taken;     // the step was taken
    uint32_t attempts;     // of the step
    uint32_t declined;     // enum DefibDecline, journaled last
    uint32_t has_victim;   //
    uint32_t steps_taken;  // of this repair
    uint64_t opened_ns;
    uint64_t held_from_ns;  // since when it has lasted without a repair
    uint64_t acted_ns;      // the step
    uint64_t begun_ns;      // the repair
    uint64_t until_ns;      // deadline, grace or cool-down
    uint64_t effect_ns;     // when the step's effect was seen
    uint64_t seen_ns;       // when its detector saw the finding last
    uint64_t look_ns;       // when something is to be done next
    uint64_t repeat_ns;     // when what follows in the step's chain is done again
    uint64_t found;         // ticks when the finding was taken that the repair began with
    struct DefibFinding finding;
    uint32_t culprit_count;
    uint32_t is_told;  // they are in the journal
    uint32_t owes;     // a step was taken, and the rule's `finally` was not yet
    uint32_t reserved;
    struct DefibCulprit culprits[DEFIB_CASE_CULPRITS];
    struct DefibCulprit victim;
};

// Words of memory that are the running kernel's for as long as it runs. One that differs means that
// another kernel runs there, or is being loaded.
struct DefibWitness {
    uint64_t physical;
    uint64_t value;
};

struct DefibResponder {
    struct DefibPolicy policy;
    uint32_t witness_count;
    uint32_t is_stopped;   // enum DefibDecline: nothing is looked for and nothing done any more
    uint32_t is_stopping;  // no repair begins; what is in hand is brought to its end
    uint32_t is_full;      // a finding found no room, and that was said
    uint64_t next_case;
    uint64_t all_acts;  // repairs begun; the ring below holds the times of the last ones
    uint64_t all_acts_ns[DEFIB_POLICY_ALL_ACTS_MAX];
    uint64_t acts[DEFIB_POLICY_RULES];
    uint64_t acts_ns[DEFIB_POLICY_RULES][DEFIB_POLICY_ACTS_MAX];
    struct DefibWitness witnesses[DEFIB_WITNESSES];
    struct DefibCase cases[DEFIB_CASES];
};

#endif
