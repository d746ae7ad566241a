// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/story.h"

#include <algorithm>

#include "boot/session/record.h"
#include "engine/runtime/respond.h"

namespace defib::boot {
namespace {

// More than the engine has at a time; the end of one may have been lost.
constexpr size_t MOST_STORIES = 4 * 32;
constexpr size_t MOST_CULPRITS = 64;

void take_evidence(CaseStory& story, const DefibJournalEntry& entry) {
    for (size_t i = 0; i < DEFIB_JOURNAL_VALUES; i++) {
        const size_t at = size_t{entry.subject} + i;
        if (at < story.evidence.size()) story.evidence[at] = entry.values[i];
    }
}

// Of a line whose beginning or a piece of which was lost, nothing is said.
void take_log(LogLine& line, const DefibJournalEntry& entry) {
    const uint32_t piece = entry.subject & ((1U << DEFIB_LOG_LINE_SHIFT) - 1);
    const uint32_t behind = entry.subject >> DEFIB_LOG_LINE_SHIFT;
    if (piece == 0) {
        line = {entry.values[0], entry.values[1], entry.values[2], entry.values[3], behind, {}};
        if (line.length > DEFIB_LOG_LINE_MOST) line.length = 0;
        return;
    }
    constexpr size_t BYTES = sizeof entry.values;
    if (line.behind != behind || line.text.size() != (piece - 1) * BYTES) line.length = 0;
    const size_t count = std::min(BYTES, line.length - std::min(line.length, line.text.size()));
    for (size_t i = 0; i < count; i++) {
        line.text += static_cast<char>(entry.values[i / 8] >> (8 * (i % 8)));
    }
}

}  // namespace

std::string comm_of(uint64_t first, uint64_t second) {
    char text[17] = {};
    for (size_t i = 0; i < 8; i++) {
        text[i] = static_cast<char>(first >> (8 * i));
        text[8 + i] = static_cast<char>(second >> (8 * i));
    }
    return printable(text);
}

void Stories::take(const DefibJournalEntry& entry) {
    if (entry.sequence == last_) return;
    last_ = entry.sequence;
    const auto& v = entry.values;
    if (entry.kind == DEFIB_JOURNAL_OPENED) {
        cases_[entry.case_number] = {entry.subject, entry.time_ns, v[2], {}, {}, {}};
        if (cases_.size() > MOST_STORIES) cases_.erase(cases_.begin());
        return;
    }
    const auto found = cases_.find(entry.case_number);
    if (found == cases_.end()) return;
    CaseStory& story = found->second;
    switch (entry.kind) {
        case DEFIB_JOURNAL_EVIDENCE:
            take_evidence(story, entry);
            break;
        case DEFIB_JOURNAL_CULPRIT:
            if (story.culprits.size() == MOST_CULPRITS) break;
            story.culprits.push_back({entry.subject, comm_of(v[2], v[3]), v[0], v[1]});
            break;
        case DEFIB_JOURNAL_DECLINED:
            std::erase_if(story.culprits, [&](const NamedCulprit& one) { return one.pid == v[1]; });
            break;
        case DEFIB_JOURNAL_LOG_LINE:
            take_log(story.line, entry);
            break;
        default:
            break;
    }
}

const CaseStory& Stories::of(uint64_t case_number) const {
    static const CaseStory NONE;
    const auto found = cases_.find(case_number);
    return found == cases_.end() ? NONE : found->second;
}

}  // namespace defib::boot
