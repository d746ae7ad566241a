// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/words.h"

#include <fmt/format.h>

#include "engine/abi/finding.h"
#include "engine/abi/plan.h"
#include "engine/abi/policy.h"
#include "engine/abi/reason.h"
#include "engine/runtime/respond.h"

namespace defib::boot {

JournalWords fault_words(uint64_t fault) {
    switch (fault) {
#define DEFIB_FAULT_WORDS(name, number, word, text) \
    case number:                                    \
        return {word, text};
        DEFIB_FAULT_LIST(DEFIB_FAULT_WORDS)
#undef DEFIB_FAULT_WORDS
        default:
            return {"unknown", "a fault that this defib does not know"};
    }
}

const char* decline_text(uint64_t why) {
    switch (why) {
#define DEFIB_DECLINE_TEXT(name, number, text) \
    case number:                               \
        return text;
        DEFIB_DECLINE_LIST(DEFIB_DECLINE_TEXT)
#undef DEFIB_DECLINE_TEXT
        default:
            return "for a reason that this defib does not know";
    }
}

const char* outcome_text(uint64_t outcome) {
    switch (outcome) {
        case DEFIB_OUTCOME_COMMITTED:
            return "written";
        case DEFIB_OUTCOME_NO_CHANGE:
            return "nothing had to be written";
        case DEFIB_OUTCOME_DISAGREED:
            return "no two executions agreed, nothing was written";
        case DEFIB_OUTCOME_DIED:
            return "it gave up, nothing was written";
        case DEFIB_OUTCOME_STALE:
            return "memory had changed, nothing was written";
        case DEFIB_OUTCOME_PARTIAL:
            return "memory changed in between, a part was written";
        case DEFIB_OUTCOME_READ_ONLY:
            return "read only, nothing was written";
        case DEFIB_OUTCOME_REFUSED:
            return "refused, nothing was written";
        default:
            return "no outcome";
    }
}

std::string death_text(uint64_t death) {
    switch (death) {
#define DEFIB_REASON_TEXT(name, number, passes, text) \
    case DEFIB_REASON_##name:                         \
        return text;
        DEFIB_REASON_LIST(DEFIB_REASON_TEXT)
#undef DEFIB_REASON_TEXT
        case DEFIB_DEATH_NONE:
            return {};
        case DEFIB_DEATH_FUEL:
            return "out of fuel";
        case DEFIB_DEATH_ADDRESS:
        case DEFIB_DEATH_NOT_MAPPED:
        case DEFIB_DEATH_WINDOW:
            return "an address that leads nowhere";
        case DEFIB_DEATH_ROUTINE:
            return "the routine is off";
        case DEFIB_DEATH_OWN_POINTER:
            return "it followed a pointer that it had stored itself";
        default:
            return fmt::format("reason {}", death);
    }
}

const char* victim_text(uint64_t measure) {
    switch (measure) {
        case DEFIB_VICTIM_LARGEST:
            return "the largest";
        case DEFIB_VICTIM_FASTEST:
            return "the fastest-growing";
        case DEFIB_VICTIM_YOUNGEST:
            return "the youngest";
        default:
            return "named first";
    }
}

const char* kind_name(uint32_t kind) {
    switch (kind) {
        case DEFIB_JOURNAL_STARTED:
            return "started";
        case DEFIB_JOURNAL_STOPPED:
            return "stopped";
        case DEFIB_JOURNAL_RESTARTED:
            return "restarted";
        case DEFIB_JOURNAL_EXECUTED:
            return "executed";
        case DEFIB_JOURNAL_STORED:
            return "stored";
        case DEFIB_JOURNAL_STORED_AT:
            return "stored_at";
        case DEFIB_JOURNAL_TAKEN_BACK:
            return "taken_back";
        case DEFIB_JOURNAL_FINDING:
            return "record";
        case DEFIB_JOURNAL_DETECTOR_DIED:
            return "detector_died";
        case DEFIB_JOURNAL_RECORDS_LOST:
            return "records_lost";
        case DEFIB_JOURNAL_LATE:
            return "late";
        case DEFIB_JOURNAL_REFUSED:
            return "refused";
        case DEFIB_JOURNAL_HOOK:
            return "hook";
        case DEFIB_JOURNAL_ASKED:
            return "asked";
        case DEFIB_JOURNAL_ANSWERED:
            return "answered";
        case DEFIB_JOURNAL_BY_MEMORY:
            return "by_memory";
        case DEFIB_JOURNAL_OPENED:
            return "finding";
        case DEFIB_JOURNAL_EVIDENCE:
            return "evidence";
        case DEFIB_JOURNAL_CULPRIT:
            return "culprit";
        case DEFIB_JOURNAL_VICTIM:
            return "victim";
        case DEFIB_JOURNAL_GIVES_BACK:
            return "gives_back";
        case DEFIB_JOURNAL_STEP:
            return "step";
        case DEFIB_JOURNAL_FAILED:
            return "failed";
        case DEFIB_JOURNAL_OBSERVED:
            return "effect";
        case DEFIB_JOURNAL_DEADLINE:
            return "deadline";
        case DEFIB_JOURNAL_PERSISTS:
            return "persists";
        case DEFIB_JOURNAL_CLOSED:
            return "over";
        case DEFIB_JOURNAL_EXHAUSTED:
            return "exhausted";
        case DEFIB_JOURNAL_DECLINED:
            return "declined";
        case DEFIB_JOURNAL_IDENTITY_LOST:
            return "identity_lost";
        case DEFIB_JOURNAL_UNDONE:
            return "undone";
        case DEFIB_JOURNAL_WOULD:
            return "would";
        case DEFIB_JOURNAL_LOG_LINE:
            return "log";
        default:
            return "unknown";
    }
}

}  // namespace defib::boot
