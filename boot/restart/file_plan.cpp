// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/file_plan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "boot/restart/findings.h"

namespace defib::boot {
namespace {

constexpr int STANDARD_FILES = 3;
constexpr int KEPT = O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_DIRECT | O_DIRECTORY |
                     O_NOFOLLOW | O_NOATIME | O_PATH;

}  // namespace

bool is_standard(const SavedProcess& process, const SavedDescriptor& file) {
    return std::ranges::any_of(process.files, [&](const SavedDescriptor& one) {
        return one.descriptor < STANDARD_FILES && one.shares == file.shares;
    });
}

bool is_everywhere(const SavedDescriptor& file) {
    constexpr uint64_t MEMORY = 1;                  // MEM_MAJOR
    constexpr uint64_t MINORS[] = {3, 5, 7, 8, 9};  // null, zero, full, random, urandom
    return file.kind == "device" && file.device.first == MEMORY &&
           std::ranges::find(MINORS, file.device.second) != std::end(MINORS);
}

bool is_folder(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

int reopen_flags(const SavedDescriptor& file) {
    return (file.flags & KEPT) | O_NOCTTY;
}

int first_free(const SavedProcess& process) {
    return process.files.empty() ? STANDARD_FILES
                                 : std::max(process.files.back().descriptor + 1, STANDARD_FILES);
}

FileBecomes becomes(const SavedProcess& process, const SavedDescriptor& file) {
    if (file.kind == "file" || file.kind == "folder" || is_everywhere(file))
        return can_be_opened(file.path, file.is_deleted, reopen_flags(file)) ? FileBecomes::file
                                                                             : FileBecomes::nothing;
    const bool is_stream = file.kind == "pipe" || file.kind == "socket" || file.kind == "device";
    if (is_stream && is_standard(process, file)) return FileBecomes::standard;
    if (file.kind == "pipe" && file.path.starts_with("pipe:")) return FileBecomes::pipe;
    if (file.kind == "socket") return FileBecomes::socket;
    if (file.kind == "device")
        return can_be_opened(file.path, file.is_deleted, reopen_flags(file)) ? FileBecomes::file
                                                                             : FileBecomes::nothing;
    return FileBecomes::nothing;
}

}  // namespace defib::boot
