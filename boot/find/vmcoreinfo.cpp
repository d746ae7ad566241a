// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/vmcoreinfo.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace defib::boot {
namespace {

constexpr size_t PAGE_SIZE = 4096;
constexpr std::string_view START = "OSRELEASE=";
constexpr size_t MOST_FOUND = 64;

template <class T>
std::optional<T> parse(std::string_view text, int base) {
    if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <class T>
std::optional<T> find(const VmcoreInfo& info, std::string_view kind, std::string_view name,
                      int base) {
    std::string key(kind);
    key.append("(").append(name).append(")");
    const auto found = info.values.find(key);
    if (found == info.values.end()) return std::nullopt;
    return parse<T>(found->second, base);
}

// The first bytes of each page are all that is read of most: 1 in 64 cache lines.
void scan(Bytes pages, std::vector<VmcoreInfo>& found) {
    for (size_t at = 0; at + PAGE_SIZE <= pages.size(); at += PAGE_SIZE) {
        if (std::memcmp(pages.data() + at, START.data(), START.size()) != 0) continue;
        auto info = parse_vmcoreinfo(as_text(pages.subspan(at, PAGE_SIZE)));
        if (info && found.size() < MOST_FOUND) found.push_back(std::move(*info));
    }
}

}  // namespace

std::optional<uint64_t> VmcoreInfo::symbol(std::string_view name) const {
    return find<uint64_t>(*this, "SYMBOL", name, 16);
}
std::optional<int64_t> VmcoreInfo::number(std::string_view name) const {
    return find<int64_t>(*this, "NUMBER", name, 10);
}
std::optional<uint64_t> VmcoreInfo::offset(std::string_view name) const {
    return find<uint64_t>(*this, "OFFSET", name, 10);
}

std::optional<VmcoreInfo> parse_vmcoreinfo(std::string_view page) {
    if (!page.starts_with(START)) return std::nullopt;
    page = page.substr(0, page.find('\0'));
    VmcoreInfo info;
    while (!page.empty()) {
        const std::string_view line = page.substr(0, page.find('\n'));
        page.remove_prefix(std::min(line.size() + 1, page.size()));
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        info.values.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    info.release = info.values["OSRELEASE"];
    if (info.release.empty() || !info.symbol("swapper_pg_dir")) return std::nullopt;
    return info;
}

std::vector<VmcoreInfo> find_vmcoreinfo(const Target& target) {
    std::vector<VmcoreInfo> found;
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
