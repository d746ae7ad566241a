// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One process of a target, all of it but its memory: what the views of
// engine/routines/views/process_image.cpp report, with the names of its files.
#ifndef DEFIB_BOOT_SALVAGE_PROCESS_IMAGE_H
#define DEFIB_BOOT_SALVAGE_PROCESS_IMAGE_H

#include "boot/salvage/file_systems.h"
#include "engine/routines/views/image_records.h"
#include "engine/routines/views/records.h"

namespace defib::boot {

struct ImageThread {
    DefibImageThreadRecord data{};
    std::vector<std::byte> fpu;  // what XSAVE or FXSAVE wrote; empty: it is not in memory
    std::string comm;

    bool is(uint32_t flag) const { return (data.flags & flag) != 0; }
    // Of one that runs, and is neither frozen nor stopped by a panic: from when it last came into
    // the kernel. It may have run on since.
    bool has_old_registers() const {
        return is(DEFIB_THREAD_RUNS) && !is(DEFIB_THREAD_WAS_STOPPED) &&
               !is(DEFIB_THREAD_IS_FROZEN);
    }
};

struct ImageArea {
    DefibImageAreaRecord data{};
    std::string path;  // of a mapped file; empty: none, or it cannot be followed
};

struct ImageFile {
    DefibImageFileRecord data{};
    std::string path;
    std::string type;  // of its file system
};

struct ProcessImage {
    DefibImageRecord process{};
    std::vector<ImageThread> threads;  // those with registers first, of these the process' first
    std::vector<ImageArea> areas;      // in order of address
    std::vector<ImageFile> files;      // in order of descriptor
    std::vector<DefibImageSignalRecord> signals;  // those that are not left to the default
    std::vector<uint32_t> groups;
    char state = 'S';  // as /proc shows it
    std::string program;
    std::string root;
    std::string folder;
    std::string doubts;  // what could not be read; empty: nothing
};

// The names of files are looked up in the mounts, which are looked at once.
Result<ProcessImage> look_at_process(Session& session, const DefibProcessRecord& who,
                                     const Mounts& mounts, FileNames& names);

}  // namespace defib::boot

#endif
