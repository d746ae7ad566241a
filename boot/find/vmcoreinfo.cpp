// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/vmcoreinfo.h"

#include <algorithm>
#include <cstring>

namespace defib::boot {
namespace {

constexpr size_t PAGE_SIZE = 4096;
constexpr std::string_view START = "OSRELEASE=";
constexpr size_t MOST_FOUND = 64;

// The first bytes of each page are all that is read of most: 1 in 64 cache lines.
void scan(Bytes pages, std::vector<layouts::Vmcoreinfo>& found) {
    for (size_t at = 0; at + PAGE_SIZE <= pages.size(); at += PAGE_SIZE) {
        if (std::memcmp(pages.data() + at, START.data(), START.size()) != 0) continue;
        auto info = layouts::Vmcoreinfo::parse(as_text(pages.subspan(at, PAGE_SIZE)));
        if (info && found.size() < MOST_FOUND) found.push_back(std::move(*info));
    }
}

}  // namespace

std::vector<layouts::Vmcoreinfo> find_vmcoreinfo(const Target& target) {
    std::vector<layouts::Vmcoreinfo> found;
    const DefibWindow& window = target.windows().front();
    const Bytes file = target.memory().bytes();
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& range = window.ranges[i];
        const size_t start = range.backend - reinterpret_cast<uint64_t>(file.data());
        for (const Bytes extent : target.memory().data()) {
            const auto from = static_cast<size_t>(extent.data() - file.data());
            size_t first = std::max(from, start);
            const size_t end = std::min(from + extent.size(), start + range.size);
            // A page counts from the range's start: in an ELF file the ranges lie anywhere.
            first = start + (first - start + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
            if (first < end) scan(file.subspan(first, end - first), found);
        }
    }
    return found;
}

}  // namespace defib::boot
