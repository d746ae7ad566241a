// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine's journal on its way to disk (boot/journal/format.h): one session for each start.
//
// Open before the seal, append afterwards: no file is opened then, so there is one, and it ends at
// a fixed size. What is left of earlier starts is put aside when it is too large to go on with.
#ifndef DEFIB_BOOT_APPLIANCE_JOURNAL_FILE_H
#define DEFIB_BOOT_APPLIANCE_JOURNAL_FILE_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "boot/binder/manifest.h"
#include "boot/journal/writer.h"
#include "engine/abi/journal.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

inline constexpr uint64_t JOURNAL_FILE_GOES_ON_BELOW = uint64_t{16} << 20;
inline constexpr uint64_t JOURNAL_FILE_MOST = uint64_t{64} << 20;

class JournalFile {
  public:
    static Result<JournalFile> open(const std::filesystem::path& path, const Manifest& manifest,
                                    uint64_t manifest_digest, std::string_view target);

    int fd() const { return file_.get(); }

    // What else the numbers of this session mean.
    void name(NameOf of, uint32_t number, std::string_view text);

    enum class Drained : uint8_t { done, full, failed };

    // An entry, and how many before it were overwritten unread.
    using Seen = std::function<void(const DefibJournalEntry& entry, uint64_t lost)>;
    // Everything that the engine has written since the last time, which `seen` is told of too, if
    // there is one. Does not allocate.
    Drained drain(const DefibJournal& journal, const Seen& seen = {});

    uint64_t entries() const { return written_; }

    // The engine has found another kernel in the target, and does nothing any more.
    bool tells_of_another_kernel() const { return tells_of_another_kernel_; }

  private:
    bool take(const DefibJournalEntry& entry);

    UniqueFd file_;
    std::optional<JournalWriter> writer_;
    uint64_t size_ = 0;
    uint64_t next_ = 1;
    uint64_t written_ = 0;
    bool tells_of_another_kernel_ = false;
};

}  // namespace defib::boot

#endif
