// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What memory holds of one file, into a file here.
//
// The kernel may go on meanwhile: pages are written to, given back, and are another file's the next
// moment. So a stretch is looked up, copied, and looked up and compared once more; where it differs
// that is tried again, and what still moves then is kept and named.
//
// Nothing is made up. A page that is not in memory leaves a hole, and the hole is named: it may be
// one of the file's own, or what the disk alone has.
#ifndef DEFIB_BOOT_SALVAGE_FILE_PAGES_H
#define DEFIB_BOOT_SALVAGE_FILE_PAGES_H

#include <optional>
#include <string>
#include <vector>

#include "boot/salvage/byte_ranges.h"
#include "boot/salvage/cached_files.h"

namespace defib::boot {

struct SavedPages {
    uint64_t size = 0;
    uint64_t in_memory = 0;  // bytes that were written
    uint64_t unsaved = 0;    // of these, what the target's disk has not
    ByteRanges missing;      // not in memory: the disk may have it
    ByteRanges swapped;      // of tmpfs: in the swap
    ByteRanges left_out;     // a dump was made without it
    ByteRanges partial;      // only what was written to these pages counts, the rest never was read
    ByteRanges torn;         // it changed while it was read, each time
    std::string doubts;

    bool is_whole() const {
        return missing.empty() && swapped.empty() && left_out.empty() && partial.empty() &&
               torn.empty() && doubts.empty();
    }
};

// The level that a dump of ours was made with; nothing: the target is none, or does not say.
std::optional<uint32_t> level_of_dump(const Session& session);

class FilePages {
  public:
    explicit FilePages(Session& session);

    struct Output {
        int fd = -1;
        std::string name;  // for errors
    };
    // An error: this machine's disk does not take it.
    Result<SavedPages> save(const DefibFileRecord& file, const FileSystem& system,
                            const Output& to);
    // The beginning of a file as text, such as a link's; empty: it is not in memory.
    std::string text_of(const DefibFileRecord& file, size_t most);

  private:
    struct Piece {
        DefibFolioRecord at;
        size_t offset = 0;  // in `copy_`
        bool is_steady = false;
    };
    struct Stretch {
        std::vector<Piece> pieces;
        bool is_last = false;
        std::string doubts;
    };

    Result<Stretch> look(uint64_t mapping, uint64_t first);
    Result<Stretch> copy(uint64_t mapping, uint64_t first);
    ByteRanges good_blocks_of(const Piece& piece, uint64_t mapping);
    Result<void> write(const Piece& piece, uint64_t mapping, SavedPages& saved, const Output& to);
    Result<void> write_part(const Piece& piece, const ByteRange& part, bool is_unsaved,
                            SavedPages& saved, const Output& to);
    static ByteRange add_part(const Piece& piece, const ByteRange& part, uint64_t size,
                              ByteRanges& ranges);
    Result<void> look_for_swapped(uint64_t mapping, SavedPages& saved);
    Bytes memory_of(const DefibFolioRecord& at) const;

    Session& session_;
    uint64_t most_pages_ = 0;    // that the machine has
    bool has_no_cache_ = false;  // a dump without pages of files
    std::vector<std::byte> copy_;
    ByteRanges covered_;
};

}  // namespace defib::boot

#endif
