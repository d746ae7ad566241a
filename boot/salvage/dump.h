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

#include "boot/find/kernel.h"
#include "boot/salvage/elf_head.h"

namespace defib::boot {

// What to leave out; the numbers are makedumpfile's (-d).
enum DumpLevel : uint32_t {
    DUMP_WITHOUT_ZERO = 1,
    DUMP_WITHOUT_CACHE = 2,          // pages of files, but for those with private data
    DUMP_WITHOUT_PRIVATE_CACHE = 4,  // these too
    DUMP_WITHOUT_USER = 8,           // what processes hold
    DUMP_WITHOUT_FREE = 16,
    DUMP_LEVEL_MOST = 31,
};

struct DumpCount {
    uint64_t pages = 0;
    uint64_t kept = 0;
    uint64_t untouched = 0;  // holes in the memory's own file: never written by the target
    uint64_t zero = 0;
    uint64_t cache = 0;
    uint64_t user = 0;
    uint64_t free = 0;
    uint64_t done_before = 0;  // by the run that this one goes on for
};

struct DumpOptions {
    std::filesystem::path output;  // "-": standard output
    uint32_t level = 0;
    bool resumes = false;
    std::span<const DumpNote> notes;
    std::function<void(uint64_t bytes, uint64_t of)> on_progress = [](uint64_t, uint64_t) {};
};

Result<DumpCount> dump(const Target& target, const Kernel& kernel, const layouts::Layout& layout,
                       const DumpOptions& options);

}  // namespace defib::boot

#endif
