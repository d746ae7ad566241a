// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of an open file.
#ifndef DEFIB_BOOT_RESTART_FILE_PLAN_H
#define DEFIB_BOOT_RESTART_FILE_PLAN_H

#include "boot/restart/saved_process.h"

namespace defib::boot {

enum class FileBecomes {
    nothing,   // its number stays free
    file,      // opened by its path
    pipe,      // an empty one of its own
    socket,    // one that is connected to nothing
    standard,  // what this program has as its input, output or error
};
FileBecomes becomes(const SavedProcess& process, const SavedDescriptor& file);

// Input, output and error, and what has one of these in common with them.
bool is_standard(const SavedProcess& process, const SavedDescriptor& file);
// Zeros, the void, random bytes: the same on every machine.
bool is_everywhere(const SavedDescriptor& file);
bool is_folder(const std::string& path);
int reopen_flags(const SavedDescriptor& file);
// Behind the last that it has.
int first_free(const SavedProcess& process);

}  // namespace defib::boot

#endif
