// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Writing a journal. It allocates nothing and opens nothing: a sealed process may do it with a
// descriptor that it was given, and write(2).
#ifndef DEFIB_BOOT_JOURNAL_WRITER_H
#define DEFIB_BOOT_JOURNAL_WRITER_H

#include <string_view>

#include "boot/journal/format.h"

namespace defib::boot {

class JournalWriter {
  public:
    // `fd` is open for appending; it stays the caller's.
    explicit JournalWriter(int fd) : fd_(fd) {}

    // False, from then on for ever: the file takes no more. What it holds stays good.
    bool start(uint64_t wall_ns, uint64_t engine_ns, uint64_t manifest_digest,
               std::string_view target);
    bool name(NameOf of, uint32_t number, std::string_view text);
    bool entry(const DefibJournalEntry& entry);
    bool lost(uint64_t first, uint64_t last);

  private:
    bool put(FrameType type, const void* payload);

    int fd_;
    uint32_t check_ = 0;
    bool has_failed_ = false;
};

}  // namespace defib::boot

#endif
