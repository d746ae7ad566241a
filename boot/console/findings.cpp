// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/findings.h"

#include <filesystem>

#include "boot/journal/reader.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t BETWEEN_READS_NS = 500000000;

Weight weight_of(uint32_t kind) {
    switch (kind) {
        case DEFIB_JOURNAL_OPENED:
        case DEFIB_JOURNAL_IDENTITY_LOST:
        case DEFIB_JOURNAL_EXHAUSTED:
            return Weight::finding;
        case DEFIB_JOURNAL_STEP:
        case DEFIB_JOURNAL_GIVES_BACK:
        case DEFIB_JOURNAL_WOULD:
        case DEFIB_JOURNAL_OBSERVED:
        case DEFIB_JOURNAL_CLOSED:
            return Weight::change;
        default:
            return Weight::detail;
    }
}

}  // namespace

void append_finding(std::vector<FindingRow>& rows, Narrator& narrator,
                    const DefibJournalEntry& entry) {
    std::string line = narrator.line_of(entry);
    if (line.empty()) return;
    rows.push_back({std::move(line), weight_of(entry.kind)});
    if (rows.size() > MOST_FINDINGS) rows.erase(rows.begin());
}

Result<void> JournalTail::read_on(uint64_t now_ns) {
    if (read_ns_ != 0 && now_ns - read_ns_ < BETWEEN_READS_NS) return {};
    read_ns_ = now_ns;
    std::error_code problem;
    const uintmax_t size = std::filesystem::file_size(path_, problem);
    if (!problem && size == size_) return {};
    const auto file = MappedFile::open(path_);
    if (!file) return std::unexpected(file.error());
    const auto journal = read_journal(file->bytes(), path_);
    if (!journal) return std::unexpected(journal.error());
    size_ = size;
    rows_.clear();
    if (journal->sessions.empty()) return {};
    const JournalSession& last = journal->sessions.back();
    Narrator narrator(last.names, last.engine_ns);
    // Most entries are rows; a few more are looked at than are shown.
    const size_t first = last.entries.size() - std::min(last.entries.size(), 2 * MOST_FINDINGS);
    for (size_t i = first; i < last.entries.size(); i++) {
        append_finding(rows_, narrator, last.entries[i]);
    }
    if (journal->is_damaged) {
        rows_.push_back({path_ + ": changed or damaged from here on", Weight::finding});
    }
    return {};
}

}  // namespace defib::boot::console
