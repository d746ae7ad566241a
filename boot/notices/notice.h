// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_NOTICES_NOTICE_H
#define DEFIB_BOOT_NOTICES_NOTICE_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/abi/finding.h"
#include "engine/abi/journal.h"

namespace defib::boot {

// Smaller than PIPE_BUF: it arrives whole or not at all.
struct Notice {
    uint64_t wall_ns = 0;
    uint64_t case_number = 0;
    uint32_t kind = 0;      // enum DefibJournalKind
    uint32_t fault = 0;     // enum DefibFault
    uint64_t lasts_ns = 0;  // of a finding: since when it was there
    std::array<uint64_t, DEFIB_FINDING_EVIDENCE> evidence{};
    bool has_evidence = false;
    std::array<char, 48> rule{};
    std::array<char, 72> kernel{};
    std::array<char, 256> target{};
};

struct FaultWords {
    const char* word;
    const char* text;
};
FaultWords words_of_fault(uint64_t fault);

// Of a finding, of its end, and of one that no step is left for; else nothing. `rule` is the name
// of the rule in a finding.
std::optional<Notice> notice_of(const DefibJournalEntry& entry, uint64_t wall_ns,
                                std::string_view rule);

// A finding's evidence comes in the entries behind it: its notice waits for them. Allocates
// nothing.
class Announcer {
  public:
    // All entries, in their order; calls `tell` with each notice that is complete.
    template <class Tell>
    void take(const DefibJournalEntry& entry, uint64_t wall_ns, std::string_view rule,
              const Tell& tell) {
        if (pending_ && add_evidence(entry)) {
            if (pending_->has_evidence) tell(*std::exchange(pending_, std::nullopt));
            return;
        }
        // The rest of it was lost.
        if (pending_) tell(*std::exchange(pending_, std::nullopt));
        const auto notice = notice_of(entry, wall_ns, rule);
        if (!notice) return;
        if (notice->kind == DEFIB_JOURNAL_OPENED) {
            pending_ = notice;
        } else {
            tell(*notice);
        }
    }

  private:
    // False: the entry is none of the notice that waits.
    bool add_evidence(const DefibJournalEntry& entry);

    std::optional<Notice> pending_;
};

// One line.
std::string json_of(const Notice& notice);

}  // namespace defib::boot

#endif
