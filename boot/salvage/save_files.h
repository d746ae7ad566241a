// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which files are saved, and under which names.
//
// Of a file system on a disk: those with pages that the disk has not. Of one that is in memory
// alone: all there is. Each file system has a folder of its own, so that what a mount covers and
// what it shows do not meet: "ext4-vda/home/...", "tmpfs-0.25/...". A file whose name is not in
// memory, or that was deleted and is still open, is unnamed/NUMBER there.
#ifndef DEFIB_BOOT_SALVAGE_SAVE_FILES_H
#define DEFIB_BOOT_SALVAGE_SAVE_FILES_H

#include <functional>

#include "boot/salvage/file_pages.h"
#include "boot/salvage/save_folder.h"

namespace defib::boot {

struct SavedFile {
    CachedFile file;
    const FileSystem* system = nullptr;
    std::string name;  // in the folder; empty: it was not saved, and `pages.doubts` says why
    SavedPages pages;
};

struct SaveReport {
    std::vector<SavedFile> files;
    std::string doubts;  // of lists: what may be missing altogether
    bool gives_owners = false;
};

// `systems` outlive the report.
Result<SaveReport> save_files(Session& session, FileNames& names,
                              std::span<const FileSystem> systems, SaveFolder& folder,
                              const std::function<void(const SavedFile&)>& on_progress);

// The name of its folder.
std::string folder_of(const FileSystem& system);

}  // namespace defib::boot

#endif
