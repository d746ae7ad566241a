// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_JOURNAL_READER_H
#define DEFIB_BOOT_JOURNAL_READER_H

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "boot/journal/format.h"
#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::boot {

using JournalNames = std::map<std::pair<NameOf, uint32_t>, std::string>;

// What lies at an address has its name under this key.
constexpr std::pair<NameOf, uint32_t> symbol_key(uint64_t address) {
    if (address >> 32 == 0xffffffff) return {NameOf::symbol, static_cast<uint32_t>(address)};
    return {NameOf::object, static_cast<uint32_t>((address * 0x9e3779b97f4a7c15) >> 32)};
}

// One run of an engine.
struct JournalSession {
    uint64_t wall_ns = 0;
    uint64_t engine_ns = 0;
    uint64_t manifest_digest = 0;
    std::string target;
    JournalNames names;
    std::vector<DefibJournalEntry> entries;
    uint64_t lost = 0;  // entries that were never written
};

struct ReadJournal {
    std::vector<JournalSession> sessions;
    uint64_t damaged_from = 0;  // byte from which on nothing can be trusted
    bool is_damaged = false;    // a frame is not what was written
    bool is_cut_off = false;    // it ends in the middle of a frame
};

// Everything up to the first damage. Fails where the file is no journal at all.
Result<ReadJournal> read_journal(Bytes file, const std::string& object);

}  // namespace defib::boot

#endif
