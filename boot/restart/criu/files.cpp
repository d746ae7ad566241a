// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "boot/restart/criu/images.h"
#include "boot/restart/file_plan.h"

namespace defib::boot::criu {
namespace {

constexpr uint32_t REGULAR = 1;  // also folders, and devices without a state of their own

constexpr const char* NOWHERE = "/dev/null";

FileTable::File as_file(const SavedDescriptor& file) {
    return {file.path, static_cast<uint64_t>(reopen_flags(file)),
            static_cast<uint64_t>(file.offset), file.bytes, file.kind == "file"};
}

}  // namespace

uint32_t FileTable::add(const File& file) {
    const auto number = static_cast<uint32_t>(entries_.size() + 1);
    Message regular;
    regular.number(1, number).number(2, file.flags).number(3, file.offset);
    // Nobody is told of what comes from it.
    regular.message(5, Message().number(1, 0).number(2, 0).number(3, 0).number(4, 0).number(5, 0));
    regular.text(6, file.path);
    if (file.is_measured && changed_ == Changed::refused) regular.number(8, file.bytes);
    entries_.push_back(Message().number(1, REGULAR).number(2, number).message(3, regular));
    return number;
}

uint32_t FileTable::add_mapped(const File& file) {
    const auto [at, is_new] = mapped_.try_emplace({file.path, file.flags}, 0);
    if (is_new) at->second = add(file);
    return at->second;
}

FileIs file_is(const SavedProcess& process, const SavedDescriptor& file) {
    const bool has_path = file.kind == "file" || file.kind == "folder" || is_everywhere(file);
    if (has_path && !file.is_deleted && file.path.starts_with('/')) return FileIs::reopened;
    return !has_path && is_standard(process, file) ? FileIs::standard : FileIs::left_out;
}

std::vector<Message> descriptors_of(const SavedProcess& process, FileTable& files) {
    std::vector<Message> all;
    std::map<uint64_t, uint32_t> shared;
    for (const SavedDescriptor& one : process.files) {
        const FileIs is = file_is(process, one);
        if (is == FileIs::left_out) continue;
        const auto [at, is_new] = shared.try_emplace(one.shares, 0);
        if (is_new)
            at->second = files.add(is == FileIs::reopened
                                       ? as_file(one)
                                       : FileTable::File{.path = NOWHERE, .flags = O_RDWR});
        all.push_back(Message()
                          .number(1, at->second)
                          .number(2, one.closes_on_exec ? FD_CLOEXEC : 0)
                          .number(3, REGULAR)
                          .number(4, static_cast<uint64_t>(one.descriptor)));
    }
    return all;
}

}  // namespace defib::boot::criu
