// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/file_systems.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "boot/session/repair.h"

namespace defib::boot {
namespace {

constexpr std::array<std::string_view, 3> IN_MEMORY = {"tmpfs", "rootfs", "ramfs"};
constexpr int MOST_MOUNTS_ON_EACH_OTHER = 100;
constexpr uint32_t MINOR_BITS = 20;  // MINORBITS in include/linux/kdev_t.h

template <size_t SIZE>
std::string text_in(const char (&text)[SIZE]) {
    return printable({text, strnlen(text, SIZE)});
}

std::string device_of(const DefibFileSystemRecord& record) {
    const uint32_t major = record.device >> MINOR_BITS;
    const uint32_t minor = record.device & ((1U << MINOR_BITS) - 1);
    // Of one without a device s_id is its type's name, of all of them.
    return major == 0 ? fmt::format("{}:{}", major, minor) : text_in(record.id);
}

void take_mounts(const Mounts& mounts, FileNames& names, FileSystem& one) {
    for (const auto& [address, mount] : mounts) {
        if (mount.super_block != one.super_block || mount.name_space == 0) continue;
        one.mounts.push_back({.path = path_of(mounts, mount, names),
                              .device = text_in(mount.device),
                              .id = mount.id,
                              .is_initial = mount.is_initial != 0,
                              .is_whole = mount.root == one.root});
    }
    std::ranges::sort(one.mounts, {}, [](const MountPlace& place) {
        return std::tuple(place.path.empty(), !place.is_whole, !place.is_initial, place.id);
    });
}

}  // namespace

// A mount covers a folder of the one around it; the outermost is its own parent.
std::string path_of(const Mounts& mounts, const DefibMountRecord& mount, FileNames& names) {
    std::string path;
    const DefibMountRecord* at = &mount;
    for (int i = 0; i < MOST_MOUNTS_ON_EACH_OTHER; i++) {
        if (at->parent == at->mount) return path.empty() ? "/" : path;
        const auto parent = mounts.find(at->parent);
        if (parent == mounts.end()) return {};
        const auto way = names.path_of(at->point, parent->second.root);
        if (!way) return {};
        if (!way->empty()) path.insert(0, shown(*way));
        at = &parent->second;
    }
    return {};
}

Result<Mounts> mounts_of(Session& session, std::string& doubts) {
    const auto seen = session.view("mounted");
    if (!seen) return std::unexpected(seen.error());
    doubts += gaps_in(seen->answer, "mounts");
    Mounts mounts;
    for (const SeenRecord& record : seen->records) {
        const auto mount = record.as<DefibMountRecord>(DEFIB_RECORD_MOUNT);
        if (mount) mounts[mount->mount] = *mount;
    }
    return mounts;
}

std::string gaps_in(const DefibAnswer& answer, std::string_view what) {
    std::string text;
    const std::string why =
        fmt::format("{} at {:#x}", reason_text(answer.death), answer.death_address);
    if (answer.torn != 0)
        text += fmt::format("{} of the {} could not be read ({}). ", answer.torn, what, why);
    if (answer.incomplete != 0)
        text += fmt::format("The list of {} is incomplete ({}). ", what, why);
    if (answer.records.lost != 0)
        text += fmt::format("{} of the {} did not fit. ", answer.records.lost, what);
    return text;
}

Result<FileSystems> file_systems_of(Session& session, FileNames& names) {
    FileSystems found;
    const auto seen = session.view("file_system");
    if (!seen) return std::unexpected(seen.error());
    found.doubts += gaps_in(seen->answer, "file systems");
    for (const SeenRecord& record : seen->records) {
        const auto data = record.as<DefibFileSystemRecord>(DEFIB_RECORD_FILE_SYSTEM);
        if (!data) continue;
        FileSystem one;
        one.super_block = data->super_block;
        one.root = data->root;
        one.type = text_in(data->type);
        one.device = device_of(*data);
        one.is_in_memory = std::ranges::find(IN_MEMORY, one.type) != IN_MEMORY.end();
        found.all.push_back(std::move(one));
    }
    const auto mounts = mounts_of(session, found.doubts);
    if (!mounts) return std::unexpected(mounts.error());
    for (FileSystem& one : found.all) take_mounts(*mounts, names, one);
    if (found.all.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(), "no file system found",
                    found.doubts);
    }
    return found;
}

}  // namespace defib::boot
