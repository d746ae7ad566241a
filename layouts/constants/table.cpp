// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The table is one file of rows for each kernel series and architecture; README.md says how a row
// gets there. A series is looked up by its two numbers and nothing between two series is inferred:
// a constant that was 3 in 6.1 and is 3 in 6.12 may have been anything in 6.6.
#include <algorithm>
#include <charconv>
#include <iterator>

#include "layouts/constants/constants.h"

namespace defib::layouts {
namespace {

struct Row {
    std::string_view name;
    int64_t value;
    std::string_view origin;  // the kernel's source file, and what made the value what it is
};

#define ROW(name, value, origin) Row{#name, static_cast<int64_t>(value), origin},
constexpr Row LINUX_6_1_X86_64[] = {
#include "layouts/constants/linux_6_1_x86_64.inc"
};
constexpr Row LINUX_6_12_X86_64[] = {
#include "layouts/constants/linux_6_12_x86_64.inc"
};
#undef ROW

struct Series {
    std::string_view version;
    std::string_view architecture;
    std::span<const Row> rows;
};

constexpr Series TABLE[] = {
    {"6.1", "x86_64", LINUX_6_1_X86_64},
    {"6.12", "x86_64", LINUX_6_12_X86_64},
};

// Not in any header that a headers package holds.
bool is_private(const Row& row) {
    return row.origin.starts_with("kernel/");
}

// "6.1.0-56-amd64" -> "6.1"; "" for what is no release.
std::string_view series_of(std::string_view release) {
    const char* at = release.data();
    const char* const end = at + release.size();
    unsigned number = 0;
    auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '.') return {};
    parsed = std::from_chars(parsed.ptr + 1, end, number);
    if (parsed.ec != std::errc()) return {};
    return release.substr(0, static_cast<size_t>(parsed.ptr - at));
}

}  // namespace

std::optional<Constants> constants_from_table(const KernelIdentity& kernel,
                                              const ConstantNames& wanted, TablePart part) {
    const std::string_view version = series_of(kernel.release);
    const auto* series = std::ranges::find_if(TABLE, [&](const Series& candidate) {
        return candidate.version == version && candidate.architecture == kernel.architecture;
    });
    if (series == std::end(TABLE)) return {};
    // Private rows were read in the sources without the PREEMPT_RT patches, which change what is
    // private: they hold where the kernel is known to be built without.
    const bool private_rows_hold = kernel.preempt_rt == false;
    Constants constants;
    for (const Row& row : series->rows) {
        if (is_private(row) ? !private_rows_hold : part == TablePart::private_to_sources) continue;
        if (!wanted.contains(row.name)) continue;
        constants[std::string(row.name)] = {
            .value = row.value,
            .source = "table: " + std::string(version) + ": " + std::string(row.origin)};
    }
    return constants;
}

}  // namespace defib::layouts
