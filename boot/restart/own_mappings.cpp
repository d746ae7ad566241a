// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/own_mappings.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace defib::boot {
namespace {

// Behind what mmap_min_addr may be, and far enough from a stack that grows.
constexpr uint64_t FIRST_PLACE = 2 << 20;
constexpr uint64_t DISTANCE = 2 << 20;

}  // namespace

Result<std::vector<OwnMapping>> own_mappings(const std::string& who) {
    const std::string path = "/proc/" + who + "/maps";
    std::ifstream file(path);
    std::vector<OwnMapping> all;
    for (std::string line; std::getline(file, line);) {
        OwnMapping one;
        int name_at = 0;
        // NOLINTNEXTLINE(cert-err34-c): the kernel writes it
        if (std::sscanf(line.c_str(), "%lx-%lx %*s %*x %*s %*u %n", &one.range.first,
                        &one.range.end, &name_at) < 2)
            continue;
        one.name = line.substr(std::min(static_cast<size_t>(name_at), line.size()));
        if (one.name != "[vsyscall]") all.push_back(std::move(one));
    }
    if (all.empty()) return fail(DEFIB_ERROR_BASE_CANNOT_READ, path, "no mapping is in it");
    return all;
}

Result<uint64_t> free_place(const std::vector<OwnMapping>& own,
                            const std::vector<SavedMapping>& saved, uint64_t size) {
    std::vector<SavedRange> taken;
    taken.reserve(own.size() + saved.size());
    for (const OwnMapping& one : own) taken.push_back(one.range);
    for (const SavedMapping& one : saved) taken.push_back(one.range);
    std::ranges::sort(taken, {}, &SavedRange::first);
    uint64_t place = FIRST_PLACE;
    for (const SavedRange& one : taken) {
        if (one.first >= place && one.first - place >= size + DISTANCE) return place;
        place = std::max(place, one.end + DISTANCE);
    }
    if (place < END_OF_ADDRESSES && END_OF_ADDRESSES - place >= size + DISTANCE) return place;
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, "the process", "its memory leaves no room to work in");
}

}  // namespace defib::boot
