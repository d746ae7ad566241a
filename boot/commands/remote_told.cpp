// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_told.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "boot/session/record.h"
#include "engine/abi/record.h"
#include "image/policy/digest.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

using Json = nlohmann::ordered_json;

std::unexpected<Error> not_understood(const std::string& from, const char* what) {
    return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, from,
                fmt::format("it answers what is no {}", what));
}

Json parse(const std::string& text) {
    return Json::parse(text, nullptr, false);
}

// A member that is missing or something else is null, zero, empty.
const Json& member(const Json& json, const char* name) {
    static const Json NONE;
    const auto found = json.is_object() ? json.find(name) : json.end();
    return found == json.end() ? NONE : *found;
}

uint64_t number(const Json& json) {
    return json.is_number_unsigned() ? json.get<uint64_t>() : 0;
}

std::string text(const Json& json) {
    return json.is_string() ? json.get<std::string>() : std::string();
}

// What is shown on a terminal.
std::string shown(const Json& json) {
    return printable(text(json));
}

bool is_true(const Json& json) {
    return json.is_boolean() && json.get<bool>();
}

// The array's elements that are arrays of so many.
std::vector<const Json*> rows(const Json& json, size_t width) {
    std::vector<const Json*> all;
    if (!json.is_array()) return all;
    for (const Json& one : json) {
        if (one.is_array() && one.size() == width) all.push_back(&one);
    }
    return all;
}

bool read_kernel(const Json& json, Kernel& kernel) {
    auto info = layouts::Vmcoreinfo::parse(text(member(json, "vmcoreinfo")));
    if (!info) return false;
    kernel.info = std::move(*info);
    kernel.text = number(member(json, "text"));
    for (const Json* one : rows(member(json, "ranges"), 2)) {
        if (kernel.window.count == DEFIB_WINDOW_RANGES) return false;
        DefibRange range{};
        range.physical = number((*one)[0]);
        range.size = number((*one)[1]);
        const uint64_t before = kernel.window.count == 0
                                    ? 0
                                    : kernel.window.ranges[kernel.window.count - 1].physical +
                                          kernel.window.ranges[kernel.window.count - 1].size;
        if (range.size == 0 || range.physical < before || range.physical > ~range.size)
            return false;
        kernel.window.ranges[kernel.window.count++] = range;
    }
    for (const Json* one : rows(member(json, "linear"), 3)) {
        if (kernel.map.linear_count == DEFIB_LINEAR_MAPS) return false;
        kernel.map.linear[kernel.map.linear_count++] = {number((*one)[0]), number((*one)[1]),
                                                        number((*one)[2])};
    }
    // The direct map and the kernel's image come first, and are always there.
    return kernel.window.count != 0 && kernel.map.linear_count >= 2;
}

}  // namespace

Result<ToldSession> read_session(const std::string& answer, std::string_view manifest,
                                 const std::string& from) {
    const Json json = parse(answer);
    if (!json.is_object()) return not_understood(from, "session");
    if (text(member(json, "manifest")) !=
        fmt::format("{:016x}", image::digest_of_manifest(manifest))) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, from,
                    "its engine has other routines than this program knows",
                    "use the defib that was built with it; defib remote ps, stat, log, locks work");
    }
    ToldSession told;
    told.target = text(member(json, "target"));
    told.kind = is_true(member(json, "is_core")) ? TargetKind::core : TargetKind::vm;
    told.start_ns = number(member(json, "start_ns"));
    if (!read_kernel(member(json, "memory"), told.kernel)) return not_understood(from, "kernel");
    told.kernel.window.flags = static_cast<uint32_t>(number(member(json, "flags")));
    auto layout = layouts::read_layout(text(member(json, "layout")), from);
    if (!layout) return std::unexpected(layout.error());
    told.layout = std::move(*layout);
    for (const Json* one : rows(member(json, "names"), 3)) {
        const auto of = static_cast<NameOf>(number((*one)[0]));
        told.names[{of, static_cast<uint32_t>(number((*one)[1]))}] = text((*one)[2]);
    }
    for (const Json* one : rows(member(json, "off"), 2)) {
        told.off[text((*one)[0])] = shown((*one)[1]);
    }
    return told;
}

Result<std::vector<uint64_t>> read_runs(const std::string& answer, const std::string& from) {
    const Json json = parse(answer);
    const Json& runs = member(json, "runs");
    if (!runs.is_array()) return not_understood(from, "list of detectors");
    std::vector<uint64_t> all;
    for (const Json& one : runs) all.push_back(number(member(one, "runs")));
    return all;
}

namespace {

// Whether records follow each other up to the end, and are as many as is said.
bool are_whole(std::string_view records, uint32_t count) {
    size_t at = 0;
    uint32_t seen = 0;
    while (at < records.size()) {
        DefibRecordHeader header;
        if (records.size() - at < sizeof header) return false;
        std::memcpy(&header, records.data() + at, sizeof header);
        at += sizeof header;
        const uint64_t padded = (uint64_t{header.size} + 7) & ~uint64_t{7};
        if (padded > records.size() - at) return false;
        at += padded;
        seen++;
    }
    return seen == count;
}

}  // namespace

Result<std::vector<ToldLook>> read_picture(std::string_view bytes, const std::string& from) {
    std::vector<ToldLook> all;
    while (!bytes.empty()) {
        DefibRemoteSeen seen;
        if (bytes.size() < sizeof seen) return not_understood(from, "picture");
        std::memcpy(&seen, bytes.data(), sizeof seen);
        bytes.remove_prefix(sizeof seen);
        const uint32_t used = seen.answer.records.used;
        if (used > bytes.size() || !are_whole(bytes.substr(0, used), seen.answer.records.count)) {
            return not_understood(from, "picture");
        }
        seen.answer.records.bytes = 0;
        seen.answer.records.capacity = used;
        all.push_back({seen.command, seen.answer, std::string(bytes.substr(0, used))});
        bytes.remove_prefix(used);
    }
    return all;
}

Result<std::vector<DefibJournalEntry>> read_entries(std::string_view bytes,
                                                    const std::string& from) {
    if (bytes.size() % sizeof(DefibJournalEntry) != 0 ||
        bytes.size() / sizeof(DefibJournalEntry) > DEFIB_JOURNAL_ENTRIES) {
        return not_understood(from, "journal");
    }
    std::vector<DefibJournalEntry> all(bytes.size() / sizeof(DefibJournalEntry));
    uint64_t before = 0;
    for (size_t i = 0; i < all.size(); i++) {
        std::memcpy(&all[i], bytes.data() + i * sizeof all[i], sizeof all[i]);
        if (all[i].sequence <= before) return not_understood(from, "journal");
        before = all[i].sequence;
    }
    return all;
}

Result<ToldRepair> read_repair(const std::string& answer, const std::string& from) {
    const Json json = parse(answer);
    if (!json.is_object() || !member(json, "stores").is_array()) {
        return not_understood(from, "plan");
    }
    ToldRepair told;
    told.routine = shown(member(json, "routine"));
    told.about = shown(member(json, "about"));
    const Json& arguments = member(json, "arguments");
    if (arguments.is_object()) {
        for (const auto& [name, value] : arguments.items()) {
            told.arguments.emplace_back(printable(name), number(value));
        }
    }
    for (const Json& one : member(json, "stores")) {
        told.stores.push_back({.routine = shown(member(one, "routine")),
                               .field = shown(member(one, "field")),
                               .address = shown(member(one, "address")),
                               .bytes = number(member(one, "bytes")),
                               .old_value = number(member(one, "old")),
                               .new_value = number(member(one, "new"))});
    }
    const Json& ways = member(json, "ways");
    if (ways.is_array()) {
        for (const Json& one : ways) {
            told.ways.push_back(shown(member(one, "routine")) + ": " + shown(member(one, "text")));
        }
    }
    const Json& taken_back = member(json, "taken_back_by");
    if (taken_back.is_array()) {
        for (const Json& one : taken_back) told.taken_back.push_back(shown(one));
    }
    told.is_done = is_true(member(json, "done"));
    told.is_look = is_true(member(json, "dry_run"));
    told.reason = shown(member(json, "reason"));
    told.took_us = number(member(json, "took_us"));
    return told;
}

Result<ToldPages> read_pages(std::string_view bytes, uint32_t asked, const std::string& from) {
    ToldPages told{};
    if (bytes.size() < sizeof told.head) return not_understood(from, "memory");
    std::memcpy(&told.head, bytes.data(), sizeof told.head);
    told.pages = bytes.substr(sizeof told.head);
    uint64_t came = 0;
    for (uint32_t i = 0; i < DEFIB_REMOTE_PAGES; i += 64) {
        uint64_t word = told.head.came[i / 64];
        came += static_cast<uint64_t>(std::popcount(word));
        if (i + 64 > asked && (i >= asked ? word : word >> (asked - i)) != 0) {
            return not_understood(from, "memory");
        }
    }
    if (told.pages.size() != came * DEFIB_REMOTE_PAGE) return not_understood(from, "memory");
    return told;
}

}  // namespace defib::boot
