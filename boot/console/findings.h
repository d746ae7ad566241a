// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Findings as rows: those of detectors that run here and only observe, as they come; or those of
// the journal that a guard elsewhere keeps, read again when it has grown.
#ifndef DEFIB_BOOT_CONSOLE_FINDINGS_H
#define DEFIB_BOOT_CONSOLE_FINDINGS_H

#include <string>
#include <vector>

#include "boot/console/picture.h"
#include "boot/journal/narrator.h"

namespace defib::boot::console {

inline constexpr size_t MOST_FINDINGS = 2000;  // rows; the oldest go first

// Nothing where it is for machines only.
void append_finding(std::vector<FindingRow>& rows, Narrator& narrator,
                    const DefibJournalEntry& entry);

class JournalTail {
  public:
    explicit JournalTail(std::string path) : path_(std::move(path)) {}

    // The rows of its last session. An error stands for itself, and the next call tries again.
    Result<void> read_on(uint64_t now_ns);
    const std::vector<FindingRow>& rows() const { return rows_; }

  private:
    std::string path_;
    uint64_t read_ns_ = 0;
    uintmax_t size_ = 0;
    std::vector<FindingRow> rows_;
};

}  // namespace defib::boot::console

#endif
