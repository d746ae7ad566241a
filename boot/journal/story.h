// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a reader must remember of earlier entries to understand one: which fault its case is of, the
// evidence so far, who could have been the victim, and a line of the log that comes in pieces.
#ifndef DEFIB_BOOT_JOURNAL_STORY_H
#define DEFIB_BOOT_JOURNAL_STORY_H

#include <array>
#include <map>
#include <string>
#include <vector>

#include "engine/abi/finding.h"
#include "engine/abi/journal.h"

namespace defib::boot {

struct NamedCulprit {
    uint32_t pid = 0;
    std::string name;
    uint64_t weight = 0;
    uint64_t growth = 0;
};

struct LogLine {
    uint64_t sequence = 0;  // printk's
    uint64_t time_ns = 0;   // since the kernel's start
    uint64_t level = 0;
    size_t length = 0;
    uint32_t behind = 0;  // lines that follow
    std::string text;     // as the kernel has it: any bytes
    bool is_whole() const { return length != 0 && text.size() == length; }
};

struct CaseStory {
    uint32_t fault = 0;
    uint64_t opened_ns = 0;
    uint64_t since_ns = 0;
    std::array<uint64_t, DEFIB_FINDING_EVIDENCE> evidence{};
    std::vector<NamedCulprit> culprits;  // without those that were passed over
    LogLine line;                        // the last one
};

class Stories {
  public:
    // In their order. The same entry again changes nothing.
    void take(const DefibJournalEntry& entry);

    // Of an entry's case; an empty one where its beginning was not seen.
    const CaseStory& of(uint64_t case_number) const;

  private:
    std::map<uint64_t, CaseStory> cases_;
    uint64_t last_ = 0;
};

// A process' name as entries have it, in two words.
std::string comm_of(uint64_t first, uint64_t second);

}  // namespace defib::boot

#endif
