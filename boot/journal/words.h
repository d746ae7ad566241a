// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The words for the numbers in a journal's entries.
#ifndef DEFIB_BOOT_JOURNAL_WORDS_H
#define DEFIB_BOOT_JOURNAL_WORDS_H

#include <cstdint>
#include <string>

namespace defib::boot {

struct JournalWords {
    const char* word;
    const char* text;
};
JournalWords fault_words(uint64_t fault);
const char* decline_text(uint64_t why);      // enum DefibDecline
const char* outcome_text(uint64_t outcome);  // enum DefibOutcome
std::string death_text(uint64_t death);      // empty: it did not die
const char* victim_text(uint64_t measure);   // enum DefibVictim
const char* kind_name(uint32_t kind);        // in JSON

}  // namespace defib::boot

#endif
