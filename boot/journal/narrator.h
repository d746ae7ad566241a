// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A journal's entries for people, one line each, and for machines. `defib run` tells them as they
// come, `defib journal` afterwards; the words are the same.
#ifndef DEFIB_BOOT_JOURNAL_NARRATOR_H
#define DEFIB_BOOT_JOURNAL_NARRATOR_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/journal/reader.h"
#include "boot/journal/story.h"

namespace defib::boot {

class Narrator {
  public:
    // Times count from `start_ns`, on the engine's clock.
    Narrator(const JournalNames& names, uint64_t start_ns) : names_(names), start_ns_(start_ns) {}

    // All entries, in their order: some are told together with earlier ones. Empty: nothing that a
    // person would miss.
    std::string line_of(const DefibJournalEntry& entry);
    nlohmann::ordered_json json_of(const DefibJournalEntry& entry);

    // The locks that the entry's evidence names: whoever can look gives them their symbols in the
    // names (symbol_key()), before the entry is told.
    std::vector<uint64_t> locks_of(const DefibJournalEntry& entry);

  private:
    std::string event_of(const DefibJournalEntry& entry) const;
    std::string evidence_line(const CaseStory& story) const;
    std::string victim_line(const DefibJournalEntry& entry) const;
    std::string step_line(const DefibJournalEntry& entry) const;
    std::string symbol_at(uint64_t address) const;
    std::string name_of(NameOf of, uint64_t number) const;
    void add_words(const DefibJournalEntry& entry, nlohmann::ordered_json& json) const;
    void add_finding(const DefibJournalEntry& entry, nlohmann::ordered_json& json) const;

    const JournalNames& names_;
    uint64_t start_ns_;
    Stories stories_;
};

}  // namespace defib::boot

#endif
