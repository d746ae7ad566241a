// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_RESTART_FILE_STATE_H
#define DEFIB_BOOT_RESTART_FILE_STATE_H

#include <cstdint>
#include <string>

namespace defib::boot {

// What tells that a file is the one that it was, and as it was.
struct FileState {
    uint64_t inode = 0;
    uint64_t bytes = 0;
    uint64_t written_ns = 0;
};

// What of it is another today; empty: nothing.
std::string what_changed(const std::string& path, const FileState& before);

}  // namespace defib::boot

#endif
