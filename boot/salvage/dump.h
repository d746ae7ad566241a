// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// All of a target's memory, or what of it anybody will want, into a file or a stream.
//
// A file grows under the name FILE.unfinished and gets its own when all is there; until then it
// can be gone on with. What has been written is made durable before the progress says so.
#ifndef DEFIB_BOOT_SALVAGE_DUMP_H
#define DEFIB_BOOT_SALVAGE_DUMP_H

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "boot/salvage/elf_head.h"
#include "boot/salvage/page_choice.h"

namespace defib::boot {

// Where pages come from, and which of them anybody wants. Of one block each time.
class PageSource {
  public:
    PageSource() = default;
    virtual ~PageSource() = default;
    PageSource(const PageSource&) = delete;
    PageSource& operator=(const PageSource&) = delete;

    // Valid until the next call; what is not kept may be anything.
    struct Block {
        Bytes memory;
        Kept kept;
    };
    virtual Result<Block> block(uint64_t physical, uint64_t size) = 0;
    virtual const DumpCount& count() const = 0;
    // An error: what was read may be another's, or nobody's.
    virtual Result<void> is_still_there() = 0;
};

struct DumpOptions {
    std::filesystem::path output;  // "-": standard output
    uint32_t level = 0;
    bool resumes = false;
    std::span<const DumpNote> notes;
    std::function<void(uint64_t bytes, uint64_t of)> on_progress = [](uint64_t, uint64_t) {};
};

// The kernel tells the ranges, and what is noted of it.
Result<DumpCount> dump(PageSource& source, const Kernel& kernel, const DumpOptions& options);

Result<DumpCount> dump(const Target& target, const Kernel& kernel, const layouts::Layout& layout,
                       const DumpOptions& options);

}  // namespace defib::boot

#endif
