// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/own_source.h"

namespace defib::boot::console {

OwnSource::OwnSource(Session& session, const LookArguments& look, const std::string& journal)
    : session_(session), watcher_(session), acting_(session, look) {
    picture().findings_from = journal.empty() ? "detectors" : journal;
    if (!journal.empty()) journal_.emplace(journal);
}

void OwnSource::look(uint64_t now_ns) {
    if (picture().life == Life::lost) return;
    if (!session_.target().is_still_there()) {
        return lose({DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                     "its memory is not there any more: the machine was powered off", ""});
    }
    watcher_.look(now_ns);
    read_journal_on(now_ns);
    auto& troubles = picture().troubles;
    troubles.insert(troubles.end(), notes_.begin(), notes_.end());
}

void OwnSource::read_journal_on(uint64_t now_ns) {
    if (!journal_) return;
    const auto read = journal_->read_on(now_ns);
    picture().findings = journal_->rows();
    if (!read) picture().troubles.push_back(to_line(read.error()));
}

std::optional<Told> OwnSource::plan(const std::vector<std::string>& words) {
    return acting_.plan(words);
}

void OwnSource::tell(Narrator& narrator, const DefibJournalEntry& entry) {
    const bool is_of_person = entry.kind == DEFIB_JOURNAL_EXECUTED && entry.case_number == 0;
    if (is_of_person || entry.kind == DEFIB_JOURNAL_STARTED) return;
    append_finding(picture().findings, narrator, entry);
}

void OwnSource::lose(const Error& why) {
    picture().life = Life::lost;
    picture().troubles = {to_line(why)};
}

}  // namespace defib::boot::console
