// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/metrics/count.h"

namespace defib::boot::metrics {
namespace {

constexpr uint64_t BETWEEN_PERIODS_NS = 1000000000;

// A number that this program does not know is counted nowhere, and never outside.
template <size_t SIZE>
void add_at(std::array<Count, SIZE>& counts, uint64_t index) {
    if (index < SIZE) add(counts[index]);
}

template <class Do>
void of_routine(Vitals& vitals, const DefibJournalEntry& entry, Do what) {
    if (entry.subject < DEFIB_ROUTINES) what(vitals.routines[entry.subject]);
}

void count_effect(Vitals& vitals, Effect effect) {
    add(vitals.effects[static_cast<size_t>(effect)]);
}

}  // namespace

void count(Vitals& vitals, const DefibJournalEntry& entry, uint64_t lost) {
    if (lost != 0) add(vitals.lost, lost);
    switch (entry.kind) {
        case DEFIB_JOURNAL_OPENED:
            return add_at(vitals.found, entry.subject);
        case DEFIB_JOURNAL_CLOSED:
            return add_at(entry.values[2] == 0 ? vitals.over : vitals.cured, entry.subject);
        case DEFIB_JOURNAL_EXHAUSTED:
            return add_at(vitals.exhausted, entry.subject);
        case DEFIB_JOURNAL_DECLINED:
            return add_at(vitals.declined, entry.subject);
        case DEFIB_JOURNAL_REFUSED:
            return add(vitals.off);
        case DEFIB_JOURNAL_EXECUTED:
            return of_routine(vitals, entry,
                              [&](OfRoutine& one) { add_at(one.plans, entry.values[0]); });
        case DEFIB_JOURNAL_STORED:
            return add(vitals.stores);
        case DEFIB_JOURNAL_STEP:
        case DEFIB_JOURNAL_GIVES_BACK:
            return of_routine(vitals, entry, [](OfRoutine& one) { add(one.steps); });
        case DEFIB_JOURNAL_WOULD:
            return of_routine(vitals, entry, [](OfRoutine& one) { add(one.would); });
        case DEFIB_JOURNAL_OBSERVED:
            add(vitals.repaired);
            add(vitals.repaired_ns, entry.values[1]);
            return count_effect(vitals, Effect::seen);
        case DEFIB_JOURNAL_DEADLINE:
            return count_effect(vitals, Effect::deadline);
        case DEFIB_JOURNAL_PERSISTS:
            return count_effect(vitals, Effect::persists);
        case DEFIB_JOURNAL_FAILED:
            return count_effect(vitals, Effect::failed);
        case DEFIB_JOURNAL_UNDONE:
            return count_effect(vitals, Effect::undone);
        case DEFIB_JOURNAL_RESTARTED:
            return add(vitals.restarts);
        case DEFIB_JOURNAL_DETECTOR_DIED:
            return add(vitals.detectors_died);
        case DEFIB_JOURNAL_LATE:
            return add(vitals.late);
        default:
            return;
    }
}

void look_at_heart(Vitals& vitals, uint64_t turns, uint64_t now_ns) {
    const uint64_t before = vitals.turns.load(std::memory_order_relaxed);
    if (turns == before) return;
    vitals.turned_ns.store(now_ns, std::memory_order_relaxed);
    vitals.turns.store(turns, std::memory_order_relaxed);
    const uint64_t since_ns = vitals.period_from_ns.load(std::memory_order_relaxed);
    const uint64_t since_turns = vitals.period_from_turns.load(std::memory_order_relaxed);
    // A loop that was started again counts from 0.
    if (since_ns != 0 && turns > since_turns) {
        if (now_ns - since_ns < BETWEEN_PERIODS_NS) return;
        vitals.period_ns.store((now_ns - since_ns) / (turns - since_turns),
                               std::memory_order_relaxed);
    }
    vitals.period_from_ns.store(now_ns, std::memory_order_relaxed);
    vitals.period_from_turns.store(turns, std::memory_order_relaxed);
}

}  // namespace defib::boot::metrics
