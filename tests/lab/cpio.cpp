// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/cpio.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <iterator>
#include <utility>

namespace defib::lab {

void CpioWriter::add_folder(std::string_view name) {
    add({.name = name, .content = {}, .mode = S_IFDIR | 0755});
}

void CpioWriter::add_file(std::string_view name, std::string_view content, uint32_t permissions) {
    add({.name = name, .content = content, .mode = S_IFREG | permissions});
}

void CpioWriter::add_device(std::string_view name, uint32_t major, uint32_t minor) {
    add({.name = name, .content = {}, .mode = S_IFCHR | 0600, .major = major, .minor = minor});
}

std::string CpioWriter::finish() && {
    add({.name = "TRAILER!!!", .content = {}});
    return std::move(archive_);
}

void CpioWriter::add(const Entry& entry) {
    const auto pad = [this] { archive_.resize((archive_.size() + 3) & ~size_t{3}, '\0'); };
    // magic, inode, mode, uid, gid, links, time, size, device, device of a node, name's size,
    // checksum
    fmt::format_to(std::back_inserter(archive_),
                   "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}"
                   "{:08x}",
                   next_inode_++, entry.mode, 0, 0, 1, 0, entry.content.size(), 0, 0, entry.major,
                   entry.minor, entry.name.size() + 1, 0);
    archive_ += entry.name;
    archive_ += '\0';
    pad();
    archive_ += entry.content;
    pad();
}

}  // namespace defib::lab
