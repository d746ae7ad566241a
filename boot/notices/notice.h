// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_NOTICES_NOTICE_H
#define DEFIB_BOOT_NOTICES_NOTICE_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/abi/journal.h"

namespace defib::boot {

// Smaller than PIPE_BUF: it arrives whole or not at all.
struct Notice {
    uint64_t wall_ns = 0;
    uint64_t case_number = 0;
    uint32_t kind = 0;   // enum DefibJournalKind
    uint32_t fault = 0;  // enum DefibFault
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

// One line.
std::string json_of(const Notice& notice);

}  // namespace defib::boot

#endif
