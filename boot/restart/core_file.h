// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The parts of a core that `defib checkpoint` made: where memory lies in it, and its notes. Nothing
// that the file says is believed before it was held against the file's size.
#ifndef DEFIB_BOOT_RESTART_CORE_FILE_H
#define DEFIB_BOOT_RESTART_CORE_FILE_H

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/file.h"

namespace defib::boot {

// Above it lies the kernel, or what only programs ask for that want more than 128 TB.
inline constexpr uint64_t END_OF_ADDRESSES = 0x7ffffffff000;
inline constexpr uint64_t PAGE_BYTES = 4096;

// Memory that the file has: in order of address, whole pages, none twice.
struct CorePiece {
    uint64_t first = 0;
    Bytes bytes;

    uint64_t end() const { return first + bytes.size(); }
};

struct CoreNote {
    std::string_view name;  // without the 0
    uint32_t type = 0;
    Bytes text;
};

struct CoreFile {
    std::vector<CorePiece> pieces;
    std::vector<CoreNote> notes;  // in the file's order
};

// `name` is for the error's line. What is found leads into `file`.
Result<CoreFile> read_core_file(Bytes file, const std::string& name);

// Not a core, or not one that can be believed.
std::unexpected<Error> not_a_core(const std::string& name, std::string why,
                                  std::string advice = {});

}  // namespace defib::boot

#endif
