// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The files of a file system that a target's memory knows.
#ifndef DEFIB_BOOT_SALVAGE_CACHED_FILES_H
#define DEFIB_BOOT_SALVAGE_CACHED_FILES_H

#include "boot/salvage/file_systems.h"

namespace defib::boot {

struct CachedFile {
    DefibFileRecord data{};
    std::optional<Path> path;  // in its file system; nothing: its name is not in memory

    uint32_t kind() const { return data.mode & 0170000; }  // S_IFMT
    bool is_deleted() const { return data.links == 0; }    // it lives while it is open
};

struct CachedFiles {
    std::vector<CachedFile> all;
    std::string doubts;
};

// `which`: DEFIB_FILES_CACHED, _UNSAVED or _ALL.
Result<CachedFiles> files_of(Session& session, FileNames& names, const FileSystem& system,
                             uint64_t which);

}  // namespace defib::boot

#endif
