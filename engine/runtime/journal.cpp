// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/journal.h"

#include "engine/runtime/processor.h"

namespace defib::runtime {
namespace {

// A reader that never gets a whole entry is being lapped by the writer.
constexpr uint32_t READ_ATTEMPTS = 64;

void put_in_order(uint64_t* word, uint64_t value) {
    order_own();
    write_volatile(reinterpret_cast<uint64_t>(word), value, 8);
}

const uint64_t* words_of(const DefibJournalEntry& entry) {
    return reinterpret_cast<const uint64_t*>(&entry);
}

}  // namespace

void append(DefibJournal& journal, uint64_t now_ns, DefibJournalKind kind, uint32_t subject) {
    append(journal, now_ns, kind, subject, {0, 0, 0, 0});
}

void append(DefibJournal& journal, uint64_t now_ns, DefibJournalKind kind, uint32_t subject,
            const uint64_t (&values)[DEFIB_JOURNAL_VALUES], uint64_t case_number) {
    const uint64_t sequence = journal.written + 1;
    DefibJournalEntry& entry = journal.entries[sequence % DEFIB_JOURNAL_ENTRIES];
    // 0 first: a reader that comes now sees an entry in the making, not half of two.
    put_in_order(&entry.sequence, 0);
    order_own();
    entry.time_ns = now_ns;
    entry.kind = kind;
    entry.subject = subject;
    for (uint32_t i = 0; i < DEFIB_JOURNAL_VALUES; i++) entry.values[i] = values[i];
    entry.case_number = case_number;
    put_in_order(&entry.sequence, sequence);
    put_in_order(&journal.written, sequence);
}

void publish(DefibEngine& engine, Publish what) {
    if (engine.published == nullptr) return;
    constexpr uint64_t MUCH = DEFIB_JOURNAL_ENTRIES / 8;
    const DefibJournal& from = *engine.journal;
    DefibJournal& to = *engine.published;
    const uint64_t last = from.written;
    uint64_t first = engine.told + 1;
    if (last >= first + DEFIB_JOURNAL_ENTRIES) first = last - DEFIB_JOURNAL_ENTRIES + 1;
    if (last < first || (what == Publish::what_is_much && last - first < MUCH)) return;
    const auto place = [&](uint64_t sequence) -> DefibJournalEntry& {
        return to.entries[sequence % DEFIB_JOURNAL_ENTRIES];
    };
#pragma clang loop unroll(disable)
    for (uint64_t i = first; i <= last; i++) {
        write_volatile(reinterpret_cast<uint64_t>(&place(i).sequence), 0, 8);
    }
    order_all();
#pragma clang loop unroll(disable)
    for (uint64_t i = first; i <= last; i++) {
        const uint64_t* words = words_of(from.entries[i % DEFIB_JOURNAL_ENTRIES]);
        const auto there = reinterpret_cast<uint64_t>(&place(i));
#pragma clang loop unroll(disable)
        for (uint32_t word = 1; word < sizeof(DefibJournalEntry) / 8; word++) {
            write_volatile(there + uint64_t{word} * 8, words[word], 8);
        }
    }
    order_all();
#pragma clang loop unroll(disable)
    for (uint64_t i = first; i <= last; i++) {
        write_volatile(reinterpret_cast<uint64_t>(&place(i).sequence), i, 8);
    }
    store_release(&to.written, last);
    engine.told = last;
}

bool read_entry(const DefibJournal& journal, uint64_t wanted, DefibJournalEntry& entry) {
    for (uint32_t attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        const uint64_t written = load_acquire(&journal.written);
        if (wanted == 0) wanted = 1;
        if (wanted > written) return false;
        if (written - wanted >= DEFIB_JOURNAL_ENTRIES) {
            wanted = written - DEFIB_JOURNAL_ENTRIES + 1;
        }
        const DefibJournalEntry& from = journal.entries[wanted % DEFIB_JOURNAL_ENTRIES];
        const uint64_t before = load_acquire(&from.sequence);
        auto* to = reinterpret_cast<uint64_t*>(&entry);
        for (uint32_t i = 0; i < sizeof(DefibJournalEntry) / 8; i++) {
            to[i] = read_volatile(reinterpret_cast<uint64_t>(words_of(from) + i), 8);
        }
        const uint64_t after = load_acquire(&from.sequence);
        if (before == wanted && after == wanted) return true;
    }
    return false;
}

}  // namespace defib::runtime
