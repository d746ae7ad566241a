// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/file_names.h"

#include <algorithm>

namespace defib::boot {
namespace {

// A path has 4096 bytes at most (PATH_MAX); with more steps than half of it the way is a circle.
constexpr size_t MOST_STEPS = 2048;
constexpr uint32_t LONGEST_NAME = 255;

}  // namespace

const std::optional<DefibNameRecord>& FileNames::look(uint64_t dentry) {
    const auto [place, is_new] = steps_.try_emplace(dentry);
    if (!is_new) return place->second;
    const auto seen = session_.view("file_name", {}, std::span(&dentry, 1));
    if (!seen || seen->answer.death != DEFIB_DEATH_NONE || seen->records.empty())
        return place->second;
    const auto step = seen->records.front().as<DefibNameRecord>(DEFIB_RECORD_NAME);
    if (step && step->length <= LONGEST_NAME) place->second = step;
    return place->second;
}

std::optional<Path> FileNames::path_of(uint64_t dentry, uint64_t root) {
    Path path;
    while (dentry != root) {
        const auto& step = look(dentry);
        if (!step || path.size() == MOST_STEPS) return std::nullopt;
        if (step->parent == dentry) break;
        path.emplace_back(reinterpret_cast<const char*>(step->name), step->length);
        dentry = step->parent;
    }
    std::ranges::reverse(path);
    return path;
}

std::string shown(std::span<const std::string> path) {
    std::string text;
    for (const std::string& step : path) text += "/" + printable(step);
    return text.empty() ? "/" : text;
}

}  // namespace defib::boot
