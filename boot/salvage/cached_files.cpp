// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/cached_files.h"

#include <array>
#include <set>

namespace defib::boot {

Result<CachedFiles> files_of(Session& session, FileNames& names, const FileSystem& system,
                             uint64_t which) {
    CachedFiles files;
    std::set<uint64_t> known;
    uint64_t after = 0;
    bool goes_on = true;
    while (goes_on) {
        const auto seen = session.view("file", {}, std::array{system.super_block, which, after});
        if (!seen) return std::unexpected(seen.error());
        files.doubts += gaps_in(seen->answer, "files of " + system.type + " " + system.device);
        goes_on = false;
        for (const SeenRecord& record : seen->records) {
            const auto data = record.as<DefibFileRecord>(DEFIB_RECORD_FILE);
            // A list that was torn may lead to where it has been.
            if (!data || !known.insert(data->inode).second) continue;
            files.all.push_back({.data = *data, .path = {}});
            after = data->inode;
            goes_on = seen->answer.objects >= DEFIB_FILES_AT_ONCE;
        }
    }
    for (CachedFile& file : files.all)
        if (file.data.dentry != 0) file.path = names.path_of(file.data.dentry, system.root);
    return files;
}

}  // namespace defib::boot
