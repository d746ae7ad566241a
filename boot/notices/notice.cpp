// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/notices/notice.h"

#include <fmt/format.h>
#include <time.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "boot/journal/evidence.h"
#include "boot/session/record.h"
#include "engine/abi/finding.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MS = 1000000;

const char* event_of(uint32_t kind) {
    switch (kind) {
        case DEFIB_JOURNAL_OPENED:
            return "found";
        case DEFIB_JOURNAL_CLOSED:
            return "over";
        default:
            return "exhausted";
    }
}

template <size_t SIZE>
std::string text_in(const std::array<char, SIZE>& text) {
    return printable({text.data(), strnlen(text.data(), SIZE)});
}

std::string date_of(uint64_t wall_ns) {
    const auto seconds = static_cast<time_t>(wall_ns / NS_A_SECOND);
    tm date{};
    gmtime_r(&seconds, &date);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", date.tm_year + 1900,
                       date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
                       wall_ns % NS_A_SECOND / NS_A_MS);
}

}  // namespace

FaultWords words_of_fault(uint64_t fault) {
    switch (fault) {
#define DEFIB_NOTICE_FAULT(name, number, word, text) \
    case number:                                     \
        return {word, text};
        DEFIB_FAULT_LIST(DEFIB_NOTICE_FAULT)
#undef DEFIB_NOTICE_FAULT
        default:
            return {"unknown", "a fault that this defib does not know"};
    }
}

std::optional<Notice> notice_of(const DefibJournalEntry& entry, uint64_t wall_ns,
                                std::string_view rule) {
    if (entry.kind != DEFIB_JOURNAL_OPENED && entry.kind != DEFIB_JOURNAL_CLOSED &&
        entry.kind != DEFIB_JOURNAL_EXHAUSTED) {
        return std::nullopt;
    }
    Notice notice;
    notice.wall_ns = wall_ns;
    notice.case_number = entry.case_number;
    notice.kind = entry.kind;
    notice.fault = entry.subject;
    if (entry.kind == DEFIB_JOURNAL_OPENED && entry.values[2] <= entry.time_ns) {
        notice.lasts_ns = entry.time_ns - entry.values[2];
    }
    rule.copy(notice.rule.data(), notice.rule.size() - 1);
    return notice;
}

bool Announcer::add_evidence(const DefibJournalEntry& entry) {
    if (entry.kind != DEFIB_JOURNAL_EVIDENCE || entry.case_number != pending_->case_number) {
        return false;
    }
    for (size_t i = 0; i < DEFIB_JOURNAL_VALUES; i++) {
        const size_t at = size_t{entry.subject} + i;
        if (at < pending_->evidence.size()) pending_->evidence[at] = entry.values[i];
    }
    pending_->has_evidence = entry.subject + DEFIB_JOURNAL_VALUES >= DEFIB_FINDING_EVIDENCE;
    return true;
}

std::string json_of(const Notice& notice) {
    const FaultWords fault = words_of_fault(notice.fault);
    nlohmann::ordered_json json = {
        {"event", event_of(notice.kind)}, {"fault", fault.word}, {"text", fault.text}};
    if (notice.kind == DEFIB_JOURNAL_OPENED) json["rule"] = text_in(notice.rule);
    if (notice.kind == DEFIB_JOURNAL_OPENED) json["lasts_ms"] = notice.lasts_ns / NS_A_MS;
    if (notice.has_evidence) {
        json["evidence"] = evidence_json(notice.fault, 0, notice.evidence);
        json["shown_by"] = evidence_text(notice.fault, notice.evidence, {});
    }
    json["case"] = notice.case_number;
    json["target"] = text_in(notice.target);
    json["kernel"] = text_in(notice.kernel);
    json["time"] = date_of(notice.wall_ns);
    return json.dump() + "\n";
}

}  // namespace defib::boot
