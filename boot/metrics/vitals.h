// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a guard found and did, as numbers in memory that another process reads. Each word has one
// writer and is whole, and they need not be of the same moment.
#ifndef DEFIB_BOOT_METRICS_VITALS_H
#define DEFIB_BOOT_METRICS_VITALS_H

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/abi/engine.h"
#include "engine/abi/finding.h"
#include "engine/abi/journal.h"
#include "engine/abi/plan.h"
#include "engine/abi/remote.h"

namespace defib::boot::metrics {

using Count = std::atomic<uint64_t>;
static_assert(Count::is_always_lock_free);

inline constexpr size_t FAULTS = 64;
inline constexpr size_t OUTCOMES = DEFIB_OUTCOME_REFUSED + 1;
inline constexpr size_t DECLINES = 32;
inline constexpr size_t NAME_BYTES = 48;

// What became of a step that was carried out.
enum class Effect : uint8_t { seen, deadline, persists, failed, undone };
inline constexpr size_t EFFECTS = 5;

// What became of a program that was to be told of a finding.
enum class Told : uint8_t { told, failed, too_slow, left_out };
inline constexpr size_t TOLD = 4;

using Name = std::array<char, NAME_BYTES>;  // ends with a zero

struct OfRoutine {
    Name name;
    std::array<Count, OUTCOMES> plans;
    Count steps;
    Count would;
};

struct Vitals {
    Name version;
    Name backend;
    Name kernel;
    std::array<char, 256> target;
    Count started_wall_ns;
    Count started_ns;  // the monotonic clock

    Count turns;
    Count turned_ns;  // when the loop was last seen to go on
    Count period_ns;  // of the loop, over a second
    Count period_from_ns;
    Count period_from_turns;
    Count reads;      // of the target's memory; where the engine's own figures are at hand
    Count has_reads;  // 1: they are
    Count restarts;   // of the engine's loop
    Count detectors_died;
    Count late;
    Count lost;  // entries of the journal that were overwritten unread
    Count stores;
    Count repaired;     // effects, with the time from the finding to each
    Count repaired_ns;  //
    std::array<Count, EFFECTS> effects;
    std::array<Count, FAULTS> found;
    std::array<Count, FAULTS> over;       // by itself
    std::array<Count, FAULTS> cured;      // over after a repair
    std::array<Count, FAULTS> exhausted;  // no step is left
    std::array<Count, DECLINES> declined;
    Count off;  // a routine was asked for that is off
    std::array<Count, DEFIB_REMOTE_STATUSES> remote;
    std::array<Count, TOLD> told;
    std::array<OfRoutine, DEFIB_ROUTINES> routines;
};

// What does not fit is cut.
template <size_t SIZE>
void set_name(std::array<char, SIZE>& name, std::string_view text) {
    name.fill(0);
    text.copy(name.data(), SIZE - 1);
}

inline void add(Count& count, uint64_t more = 1) {
    count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace defib::boot::metrics

#endif
