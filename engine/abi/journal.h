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
};

struct DefibJournalEntry {
    uint64_t sequence;  // from 1; written last
    uint64_t time_ns;
    uint32_t kind;
    uint32_t subject;
    uint64_t values[DEFIB_JOURNAL_VALUES];
    uint64_t reserved;
};

struct DefibJournal {
    uint64_t written;  // sequence of the newest entry
    uint64_t reserved[7];
    struct DefibJournalEntry entries[DEFIB_JOURNAL_ENTRIES];
};

#endif
