// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the numbers of a finding mean: for each fault its evidence and the weight of its culprits,
// with names for machines and words for people. engine/detectors/README.md has the same table for
// who writes a policy; evidence_test holds this one against the detectors' sources.
#ifndef DEFIB_BOOT_JOURNAL_EVIDENCE_H
#define DEFIB_BOOT_JOURNAL_EVIDENCE_H

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "engine/abi/finding.h"

namespace defib::boot {

enum class Unit : uint8_t {
    none,  // the word is not used
    count,
    pages,
    pages_a_second,
    percent,
    ms,
    ms_a_second,
    bits,   // flags, or a word of memory
    task,   // an address
    disk,   // major and minor number, as MKDEV() has them
    lock,   // an address that may have a symbol
    waits,  // enum DefibLockKind
    doubt,  // why a spinlock may be held: enum Doubt in engine/detectors/spinlock.cpp
};

// `phrase` has {} where the value stands; one that begins with '?' is left out where the value is
// 0, and an empty one is for machines only.
struct EvidenceWord {
    const char* name = "";
    Unit unit = Unit::none;
    const char* phrase = "";
};

struct FaultEvidence {
    uint32_t fault = 0;
    std::array<EvidenceWord, DEFIB_FINDING_EVIDENCE> words;
    EvidenceWord weight;
    EvidenceWord growth;
};

// Null: a fault that this defib does not know.
const FaultEvidence* evidence_of(uint64_t fault);

// The name of what lies at an address, with the offset; empty where it has none.
using SymbolAt = std::function<std::string(uint64_t address)>;

// "available 7.3 MB of 464 MB (1 %), swap free 0 MB of 256 MB, falls 33 MB/s". Empty: nothing.
std::string evidence_text(uint64_t fault,
                          const std::array<uint64_t, DEFIB_FINDING_EVIDENCE>& evidence,
                          const SymbolAt& symbol_at);
// Those words from `first` on that the fault has, by name. Addresses are text, in hex.
nlohmann::ordered_json evidence_json(uint64_t fault, size_t first,
                                     std::span<const uint64_t> values);
// "230 MB, grows 29 MB/s"; without what is zero.
std::string culprit_text(uint64_t fault, uint64_t weight, uint64_t growth);
nlohmann::ordered_json culprit_json(uint64_t fault, uint64_t weight, uint64_t growth);
// The addresses of locks that the evidence holds.
std::vector<uint64_t> locks_in(uint64_t fault, size_t first, std::span<const uint64_t> values);

// "0.4 s", "12 ms".
std::string duration_text(uint64_t ms);

}  // namespace defib::boot

#endif
