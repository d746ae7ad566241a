// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_RUNTIME_JOURNAL_H
#define DEFIB_ENGINE_RUNTIME_JOURNAL_H

#include "engine/abi/engine.h"

namespace defib::runtime {

void append(DefibJournal& journal, uint64_t now_ns, DefibJournalKind kind, uint32_t subject);
void append(DefibJournal& journal, uint64_t now_ns, DefibJournalKind kind, uint32_t subject,
            const uint64_t (&values)[DEFIB_JOURNAL_VALUES], uint64_t case_number = 0);

// On a GPU the journal is the card's: each entry that went over the bus by itself would wait for
// the bus three times. So they go there together, before a turn ends.
enum class Publish : uint32_t { all, what_is_much };
void publish(DefibEngine& engine, Publish what);

// Copies the oldest entry that is still there from sequence `wanted` on. False: there is none yet.
// `entry.sequence - wanted` entries were overwritten before they could be read.
bool read_entry(const DefibJournal& journal, uint64_t wanted, DefibJournalEntry& entry);

}  // namespace defib::runtime

#endif
