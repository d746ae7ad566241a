// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy as the engine reads it: one table of fixed size, made from the operator's JSON by
// image/policy. It names detectors and routines by the manifest's numbers, so a table belongs to
// one manifest; `manifest_digest` says to which. runtime::check_policy() holds every rule of form
// below, and an engine whose table does not pass acts on nothing.
//
// Times are in milliseconds and bounded by DEFIB_POLICY_LONGEST_MS, so that no sum of them and of a
// clock can wrap.
#ifndef DEFIB_ENGINE_ABI_POLICY_H
#define DEFIB_ENGINE_ABI_POLICY_H

#include <stdint.h>

#include "engine/abi/calls.h"

#define DEFIB_POLICY_MAGIC 0x59434c4f50464544ull  // "DEFPOLCY"
#define DEFIB_POLICY_VERSION 2u
#define DEFIB_POLICY_RULES 32
#define DEFIB_POLICY_STEPS 6
#define DEFIB_POLICY_CONDITIONS 4
#define DEFIB_POLICY_NAMES 32    // of processes that are never touched
#define DEFIB_POLICY_CGROUPS 16  // whose processes are never touched
#define DEFIB_POLICY_PIDS 16
#define DEFIB_POLICY_NAME_SIZE 48u
#define DEFIB_POLICY_COMM_SIZE 16u  // TASK_COMM_LEN, zero-padded
#define DEFIB_POLICY_PATH_SIZE 128u
#define DEFIB_POLICY_ACTS_MAX 64u  // an hour, of one rule; the engine keeps so many times
#define DEFIB_POLICY_ALL_ACTS_MAX 256u
#define DEFIB_POLICY_LONGEST_MS 86400000u

enum DefibMode { DEFIB_MODE_OBSERVE = 0, DEFIB_MODE_ACT = 1 };

enum DefibComparison {
    DEFIB_IS_AT_LEAST = 0,
    DEFIB_IS_BELOW = 1,
    DEFIB_IS = 2,
    DEFIB_IS_NOT = 3,
};

// Of the finding's evidence.
struct DefibPolicyCondition {
    uint32_t evidence;    // index
    uint32_t comparison;  // enum DefibComparison
    uint64_t value;
};

enum DefibJoin { DEFIB_JOIN_ALL = 0, DEFIB_JOIN_ANY = 1 };

enum DefibVictim {
    DEFIB_VICTIM_NONE = 0,     // the repair is of an object that the finding names
    DEFIB_VICTIM_LISTED = 1,   // as the detector ranked them
    DEFIB_VICTIM_LARGEST = 2,  // by weight
    DEFIB_VICTIM_FASTEST = 3,  // by growth; where nobody grows, as listed
    DEFIB_VICTIM_YOUNGEST = 4,
};

// Where a routine's argument comes from.
enum DefibArgumentSource {
    DEFIB_FROM_LITERAL = 0,
    DEFIB_FROM_KEY = 1,
    DEFIB_FROM_EVIDENCE = 2,  // index
    DEFIB_FROM_TASK = 3,      // from here on of the victim
    DEFIB_FROM_PID = 4,
    DEFIB_FROM_TGID = 5,
    DEFIB_FROM_START_NS = 6,
    DEFIB_FROM_CPU = 7,
    DEFIB_FROM_CGROUP = 8,
    DEFIB_FROM_OBJECT = 9,
    DEFIB_FROM_LAST = 9,
};

struct DefibPolicyArgument {
    uint32_t source;  // enum DefibArgumentSource
    uint32_t index;
    uint64_t literal;
};

// One step of a chain. Its effect must be observed within the deadline, and then the finding must
// be over within the grace; else the next step is taken.
struct DefibPolicyStep {
    uint32_t routine;
    uint32_t argument_count;
    uint32_t deadline_ms;
    uint32_t grace_ms;
    struct DefibPolicyArgument arguments[DEFIB_ARGUMENTS];
};

struct DefibPolicyRule {
    char name[DEFIB_POLICY_NAME_SIZE];  // ends with a zero
    uint32_t detector;                  // its routine's number
    uint32_t fault;                     // only findings of this fault; 0: all of the detector's
    uint32_t mode;                      // enum DefibMode
    uint32_t period_ms;
    uint64_t thresholds[DEFIB_ARGUMENTS];
    uint32_t held_ms;  // how long the finding must have lasted
    uint32_t join;     // enum DefibJoin, of the conditions
    uint32_t condition_count;
    uint32_t step_count;
    struct DefibPolicyCondition conditions[DEFIB_POLICY_CONDITIONS];
    uint32_t victim;  // enum DefibVictim
    uint32_t cooldown_ms;
    uint32_t acts_per_hour;
    uint32_t finally_count;  // of `steps`, behind the chain: taken when the cool-down is over
    uint64_t least_weight;   // whoever has less is nobody's victim
    uint64_t least_growth;   //
    char within[DEFIB_POLICY_PATH_SIZE];  // victims of this cgroup only; empty: of any
    struct DefibPolicyStep steps[DEFIB_POLICY_STEPS];
};

struct DefibPolicy {
    uint64_t magic;
    uint32_t version;
    uint32_t size;  // of this structure
    uint64_t manifest_digest;
    uint32_t mode;           // enum DefibMode: OBSERVE overrules every rule
    uint32_t acts_per_hour;  // of all rules together
    uint32_t rule_count;
    uint32_t name_count;
    uint32_t cgroup_count;
    uint32_t pid_count;
    uint32_t cgroup_view;  // the view that tells a cgroup's path; needed where a path is named
    uint32_t reserved;
    int32_t pids[DEFIB_POLICY_PIDS];
    char names[DEFIB_POLICY_NAMES][DEFIB_POLICY_COMM_SIZE];
    char cgroups[DEFIB_POLICY_CGROUPS][DEFIB_POLICY_PATH_SIZE];
    struct DefibPolicyRule rules[DEFIB_POLICY_RULES];
};

#endif
