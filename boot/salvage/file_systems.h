// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A target's file systems, and where they are mounted.
#ifndef DEFIB_BOOT_SALVAGE_FILE_SYSTEMS_H
#define DEFIB_BOOT_SALVAGE_FILE_SYSTEMS_H

#include <map>
#include <string>
#include <vector>

#include "boot/salvage/file_names.h"

namespace defib::boot {

struct MountPlace {
    std::string path;    // as shown(); empty: it could not be followed
    std::string device;  // what was mounted
    int32_t id = 0;
    bool is_initial = false;  // where the machine's first process sees it
    bool is_whole = false;    // its root is the file system's
};

struct FileSystem {
    uint64_t super_block = 0;
    uint64_t root = 0;
    std::string type;
    std::string device;              // "vda", "0:25": what tells it from others of its type
    std::vector<MountPlace> mounts;  // the one to name it by is the first; empty: nobody sees it
    bool is_in_memory = false;       // nothing but memory has its files

    std::string place() const { return mounts.empty() ? "" : mounts.front().path; }
};

struct FileSystems {
    std::vector<FileSystem> all;
    std::string doubts;  // what could not be read; empty: nothing
};

// By the address of each.
using Mounts = std::map<uint64_t, DefibMountRecord>;
// `doubts` gets what could not be read.
Result<Mounts> mounts_of(Session& session, std::string& doubts);
// From the root of its name space on, as shown(); empty: it could not be followed.
std::string path_of(const Mounts& mounts, const DefibMountRecord& mount, FileNames& names);

Result<FileSystems> file_systems_of(Session& session, FileNames& names);

// What could not be read of an answer, in a few words; empty: nothing.
std::string gaps_in(const DefibAnswer& answer, std::string_view what);

}  // namespace defib::boot

#endif
