// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/remote_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::boot::console {
namespace {

std::string heading_of(const ToldRepair& repair) {
    return repair.routine + (repair.about.empty() ? "" : " " + repair.about);
}

// A dialog is narrow: each store takes two lines.
std::vector<std::string> lines_of(const ToldRepair& repair) {
    std::vector<std::string> lines = repair.ways;
    for (const ToldRepair::Store& store : repair.stores) {
        lines.push_back(fmt::format("{:<14} {}", store.routine, store.field));
        lines.push_back(fmt::format("{:<14} {}, {} bytes: {:#x} -> {:#x}", "", store.address,
                                    store.bytes, store.old_value, store.new_value));
    }
    for (const std::string& name : repair.taken_back) lines.push_back("taken back by " + name);
    return lines;
}

}  // namespace

Told told_of_plan(const ToldRepair& planned) {
    Told told{.heading = heading_of(planned) + ", the plan", .lines = lines_of(planned)};
    if (!planned.is_look) {
        told.verdict = "the guard has answered what is no plan";
        return told;
    }
    if (!planned.is_done) {
        told.verdict = "it cannot be done: " + planned.reason;
        return told;
    }
    if (told.lines.empty()) told.lines.emplace_back("nothing to store");
    told.verdict = "y carries it out; any other key leaves it";
    told.is_well = true;
    return told;
}

Told told_of_repair(const ToldRepair& done) {
    Told told{.heading = heading_of(done), .lines = lines_of(done)};
    told.is_well = done.is_done && !done.is_look;
    if (done.is_look) {
        told.verdict = "not done: the guard only looks (--dry-run)";
    } else if (done.is_done) {
        told.verdict = fmt::format("done: the effect is there after {:.1f} ms",
                                   static_cast<double>(done.took_us) / 1000);
    } else {
        told.verdict = "not done: " + done.reason;
    }
    return told;
}

std::string words_of(const Manifest& manifest, const ToldRepair& planned) {
    const auto number = manifest.number_of(planned.routine);
    if (!number) return {};
    std::string words = planned.routine;
    for (const Argument& one : manifest.given_arguments(manifest.routines[*number])) {
        const auto given = std::ranges::find(planned.arguments, one.name,
                                             &std::pair<std::string, uint64_t>::first);
        if (given == planned.arguments.end()) return {};
        words += one.is_signed
                     ? fmt::format(" {}={}", one.name, static_cast<int64_t>(given->second))
                     : fmt::format(" {}={}", one.name, given->second);
    }
    return words;
}

}  // namespace defib::boot::console
