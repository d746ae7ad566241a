// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The journal: every finding, command, plan and outcome, in order, in a ring of fixed size. One
// writer, the engine; readers copy and find out from the sequence numbers what they were too slow
// for. Kinds are frozen: old journals must stay readable.
#ifndef DEFIB_ENGINE_ABI_JOURNAL_H
#define DEFIB_ENGINE_ABI_JOURNAL_H

#include <stdint.h>

#define DEFIB_JOURNAL_ENTRIES 4096  // a power of two
#define DEFIB_JOURNAL_VALUES 4

enum DefibJournalKind {
    DEFIB_JOURNAL_NONE = 0,
    DEFIB_JOURNAL_STARTED = 1,
    DEFIB_JOURNAL_STOPPED = 2,
    DEFIB_JOURNAL_EXECUTED = 3,       // subject: routine; outcome, death, fuel used, result
    DEFIB_JOURNAL_STORED = 4,         // subject: field; address, old, new, size
    DEFIB_JOURNAL_FINDING = 5,        // subject: detector; the record's kind and first three words
    DEFIB_JOURNAL_DETECTOR_DIED = 6,  // subject: detector; death, address
    DEFIB_JOURNAL_RECORDS_LOST = 7,   // subject: routine; how many did not fit
    DEFIB_JOURNAL_LATE = 8,           // subject: detector; nanoseconds after its due time
    DEFIB_JOURNAL_REFUSED = 9,        // subject: routine; it is off or has no such number
    DEFIB_JOURNAL_TAKEN_BACK = 10,    // subject: routine; stores made, those that stand (as bits)
    // After STORED, of the same store. subject: field; physical address, DEFIB_STORE_WHOLE or 0,
    // and which bytes of it were written: offset, size.
    DEFIB_JOURNAL_STORED_AT = 11,
    // The loop had died and was started again; what was in hand is forgotten. Written by boot.
    DEFIB_JOURNAL_RESTARTED = 12,
    // The hook's ring (ask.h). subject: 0, or enum DefibWay: why it is gone; physical address, load
    DEFIB_JOURNAL_HOOK = 13,
    DEFIB_JOURNAL_ASKED = 14,      // subject: routine; kind, first two arguments, slot
    DEFIB_JOURNAL_ANSWERED = 15,   // subject: routine; status, kind, ns since, CPU and source << 32
    DEFIB_JOURNAL_BY_MEMORY = 16,  // subject: routine; enum DefibWay

    // The responder's. Entries of one case carry its number.
    DEFIB_JOURNAL_OPENED = 32,     // subject: fault; rule, key, since, culprits
    DEFIB_JOURNAL_EVIDENCE = 33,   // subject: index of the first; four of the finding's evidence
    DEFIB_JOURNAL_CULPRIT = 34,    // subject: pid; weight, growth, comm in two words
    DEFIB_JOURNAL_VICTIM = 35,     // subject: pid; start time, enum DefibVictim, comm in two words
    DEFIB_JOURNAL_STEP = 36,       // subject: routine; step, and its first three arguments
    DEFIB_JOURNAL_FAILED = 37,     // subject: routine; outcome, death, address, step
    DEFIB_JOURNAL_OBSERVED = 38,   // subject: routine; ns since the step, since the finding, step
    DEFIB_JOURNAL_DEADLINE = 39,   // subject: routine; ns since the step, step: no effect was seen
    DEFIB_JOURNAL_PERSISTS = 40,   // subject: routine; ns since the step, step: effect, no cure
    DEFIB_JOURNAL_CLOSED = 41,     // subject: fault; ns since opened, since the repair began, steps
    DEFIB_JOURNAL_EXHAUSTED = 42,  // subject: fault; ns since opened, steps: no step is left
    DEFIB_JOURNAL_DECLINED = 43,   // subject: enum DefibDecline; rule, pid, comm in two words
    DEFIB_JOURNAL_IDENTITY_LOST = 44,  // subject: witness; physical address, expected, found
    DEFIB_JOURNAL_UNDONE = 45,         // subject: routine that took it back; outcome, death, step
    DEFIB_JOURNAL_WOULD = 46,          // subject: routine; as STEP, of a policy that only observes
    // A line of the kernel's log that came with a finding. subject: how many lines follow, shifted,
    // and the piece. Piece 0: printk's sequence and time, level, bytes of text; each further one:
    // 32 of these bytes.
    DEFIB_JOURNAL_LOG_LINE = 47,
    DEFIB_JOURNAL_GIVES_BACK = 48,  // subject: routine; as STEP, of `finally`
};

// Why the responder does not do what a finding asks for. Frozen, as kinds are.
// X(NAME, number, "for people")
// clang-format off
#define DEFIB_DECLINE_LIST(X)                                                                      \
    X(RULE_OBSERVES,     1, "the rule only observes")                                              \
    X(POLICY_OBSERVES,   2, "the policy only observes")                                            \
    X(INIT,              3, "init is never touched")                                               \
    X(KERNEL_THREAD,     4, "kernel threads are never touched")                                    \
    X(PID,               5, "its pid is protected")                                                \
    X(NAME,              6, "its name is protected")                                               \
    X(CGROUP,            7, "its cgroup is protected")                                             \
    X(CGROUP_UNREADABLE, 8, "its cgroup cannot be read, and some are protected")                   \
    X(OTHER_CGROUP,      9, "the rule is for another cgroup")                                      \
    X(TOO_SMALL,        10, "it takes less than the rule asks for")                                \
    X(OOM_PROTECTED,    11, "its owner forbids to kill it (oom_score_adj -1000)")                  \
    X(NO_VICTIM,        12, "nobody is left who may be touched")                                   \
    X(BUSY,             13, "another repair of this is in hand")                                   \
    X(RULE_BUDGET,      14, "the rule has acted as often as it may in an hour")                    \
    X(POLICY_BUDGET,    15, "the policy has acted as often as it may in an hour")                  \
    X(STOPPING,         16, "the engine is about to stop")                                         \
    X(IDENTITY,         17, "the kernel is not the one that was proved")                           \
    X(BAD_POLICY,       18, "the policy table is malformed")                                       \
    X(CASES_FULL,       19, "more findings than can be kept")                                      \
    X(CONDITIONS,       20, "the rule's conditions do not hold")                                   \
    X(COOLING,          21, "it was just treated, and the cool-down is not over")
// clang-format on

#define DEFIB_DECLINE_NUMBER(name, number, text) DEFIB_DECLINE_##name = (number),
enum DefibDecline { DEFIB_DECLINE_NONE = 0, DEFIB_DECLINE_LIST(DEFIB_DECLINE_NUMBER) };
#undef DEFIB_DECLINE_NUMBER

#define DEFIB_LOG_LINE_SHIFT 16
#define DEFIB_LOG_LINE_MOST 256  // bytes; what is longer is cut

struct DefibJournalEntry {
    uint64_t sequence;  // from 1; written last
    uint64_t time_ns;
    uint32_t kind;
    uint32_t subject;
    uint64_t values[DEFIB_JOURNAL_VALUES];
    uint64_t case_number;  // of the responder's case; 0: none
};

struct DefibJournal {
    uint64_t written;  // sequence of the newest entry
    uint64_t reserved[7];
    struct DefibJournalEntry entries[DEFIB_JOURNAL_ENTRIES];
};

#endif
