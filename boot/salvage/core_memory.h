// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory of a process, into a core: which segments there are, and what is not in memory.
//
// Pages lie one after the other in the file; those that are all zero are its holes. What is not in
// memory is a segment without bytes, so that a debugger says that it has nothing there, or looks
// into the mapped file; and it is named.
#ifndef DEFIB_BOOT_SALVAGE_CORE_MEMORY_H
#define DEFIB_BOOT_SALVAGE_CORE_MEMORY_H

#include <vector>

#include "boot/salvage/byte_ranges.h"
#include "boot/salvage/known_pages.h"
#include "boot/salvage/new_file.h"
#include "boot/salvage/process_image.h"
#include "boot/salvage/user_pages_x86_64.h"

namespace defib::boot {

struct CoreSegment {
    uint64_t first = 0;
    uint64_t size = 0;
    uint64_t offset = 0;     // in the file
    uint64_t file_size = 0;  // 0 or `size`
    uint32_t rights = 0;     // PF_*
};

struct CoreMemory {
    std::vector<CoreSegment> segments;
    uint64_t end = 0;      // of what the file holds by now
    uint64_t bytes = 0;    // that were in memory
    uint64_t written = 0;  // of these, into the file
    ByteRanges swapped;    // in the swap, or on the way elsewhere
    ByteRanges outside;    // a device's, or at an address that is no RAM
    ByteRanges moving;     // they moved each time they were looked at
    ByteRanges in_file;    // of mapped files: nobody has touched it, the file has it
    ByteRanges untouched;  // nobody has touched it: zeros, too many for a file
};

// Asked between pieces; yes ends it with an error.
using IsOver = std::function<bool()>;

// From `offset` of the file on. `known`: what the file holds already, which is then what it holds;
// null: it is new, and nobody asks later.
Result<CoreMemory> write_core_memory(const std::vector<ImageArea>& areas, UserPages& pages,
                                     NewFile& file, uint64_t offset, const IsOver& is_over,
                                     KnownPages* known = nullptr);

}  // namespace defib::boot

#endif
