// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine's journal on disk: one section for each start, a header and then entries as the engine
// wrote them, in order. A section's numbers mean what the manifest with that digest says.
//
// Open before the seal, append afterwards: no file is opened then, so there is one, and it ends at
// a fixed size. What is left of an earlier start is renamed when it is too large to go on with.
#ifndef DEFIB_BOOT_APPLIANCE_JOURNAL_FILE_H
#define DEFIB_BOOT_APPLIANCE_JOURNAL_FILE_H

#include <cstdint>
#include <filesystem>

#include "engine/abi/journal.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "signing/crypto.h"

namespace defib::boot {

inline constexpr uint64_t JOURNAL_FILE_GOES_ON_BELOW = uint64_t{16} << 20;
inline constexpr uint64_t JOURNAL_FILE_MOST = uint64_t{64} << 20;

struct JournalHeader {
    char magic[8];  // "DEFIBJNL"
    uint32_t format;
    uint32_t entry_bytes;
    uint64_t realtime_ns;   // both clocks at the same moment: entries have the monotonic one
    uint64_t monotonic_ns;  //
    uint8_t manifest[32];
};

class JournalFile {
  public:
    static Result<JournalFile> open(const std::filesystem::path& path,
                                    const signing::Digest& manifest);

    int fd() const { return file_.get(); }

    enum class Drained : uint8_t { nothing, some, full, failed };

    // Everything that the engine has written since the last time. Does not allocate.
    Drained drain(const DefibJournal& journal);

    uint64_t entries() const { return next_ - 1 - lost_; }
    uint64_t lost() const { return lost_; }  // written over before they were read

  private:
    UniqueFd file_;
    uint64_t size_ = 0;
    uint64_t next_ = 1;
    uint64_t lost_ = 0;
};

}  // namespace defib::boot

#endif
