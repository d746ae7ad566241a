// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "boot/restart/file_plan.h"
#include "boot/restart/file_state.h"
#include "boot/restart/findings.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;

std::string who(const SavedDescriptor& file) {
    return fmt::format("open file {}, {}", file.descriptor, file.path);
}

Finding obstacle(const char* kind, const SavedDescriptor& file, const std::string& what,
                 const char* instead) {
    return {Weight::obstacle, kind, who(file) + ": " + what, instead};
}

std::vector<Finding> find_in_regular(const SavedDescriptor& file, FileBecomes becomes) {
    if (becomes == FileBecomes::nothing)
        return {obstacle("missing-files", file, "it cannot be opened", "its number stays free")};
    if (file.kind != "file") return {};
    const std::string changed = what_changed(file.path, {file.inode, file.bytes, file.written_ns});
    if (changed.empty()) return {};
    return {
        obstacle("changed-files", file, changed, "as it is now, at the offset that it had then")};
}

std::vector<Finding> find_in(const SavedProcess& process, const SavedDescriptor& file) {
    const FileBecomes what = becomes(process, file);
    if (what == FileBecomes::standard)
        return {{Weight::note, "standard-files",
                 who(file) + ": what defib restart has there takes its place", ""}};
    if (file.kind == "file" || file.kind == "folder") return find_in_regular(file, what);
    if (is_everywhere(file) && what == FileBecomes::file) return {};
    if (file.kind == "pipe")
        return {obstacle(
            "pipes", file, "what is in it, and who has its other end, is not known",
            what == FileBecomes::pipe ? "an empty one, of its own" : "its number stays free")};
    if (file.kind == "socket")
        return {obstacle("sockets", file, "its connection is gone",
                         "one that is connected to nothing")};
    if (file.kind == "device")
        return {
            obstacle("devices", file, "what it was told is not known",
                     what == FileBecomes::file ? "it is opened again" : "its number stays free")};
    return {obstacle("other-files", file, "it is none that can be opened again",
                     "its number stays free")};
}

}  // namespace

bool can_be_opened(const std::string& path, bool is_deleted, int flags) {
    if (is_deleted || !path.starts_with('/')) return false;
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return false;
    // To open a device may do something, and a pipe waits for its other end.
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
    return UniqueFd(open(path.c_str(), flags | O_CLOEXEC)).is_open();
}

std::string what_changed(const std::string& path, const FileState& before) {
    struct stat now{};
    if (stat(path.c_str(), &now) != 0) return "it is gone";
    if (now.st_ino != before.inode) return "it is another file by now";
    if (static_cast<uint64_t>(now.st_size) != before.bytes)
        return fmt::format("it had {} bytes, and has {}", before.bytes, now.st_size);
    const uint64_t written = static_cast<uint64_t>(now.st_mtim.tv_sec) * NS_A_SECOND +
                             static_cast<uint64_t>(now.st_mtim.tv_nsec);
    return written == before.written_ns ? "" : "it has been written since";
}

std::vector<Finding> find_in_files(const SavedProcess& process) {
    std::vector<Finding> found;
    for (const SavedDescriptor& file : process.files) {
        // Descriptors that have one file in common are one finding.
        const auto first = std::ranges::find(process.files, file.shares, &SavedDescriptor::shares);
        if (first->descriptor != file.descriptor) continue;
        std::ranges::move(find_in(process, file), std::back_inserter(found));
    }
    if (!is_folder(process.folder))
        found.push_back({Weight::obstacle, "missing-files",
                         "its folder " + process.folder + " is not there",
                         "the one of defib restart"});
    return found;
}

}  // namespace defib::boot
