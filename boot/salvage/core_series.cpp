// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/core_series.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace defib::boot {
namespace {

namespace fs = std::filesystem;

constexpr const char* SPARE = ".spare";
constexpr const char* NEW_LINK = ".newest";
constexpr std::string_view UNFINISHED = ".unfinished";

// "core.12" of "core"; nothing of any other name.
std::optional<uint64_t> number_in(std::string_view name, const std::string& start) {
    if (!name.starts_with(start)) return std::nullopt;
    name.remove_prefix(start.size());
    uint64_t number = 0;
    const auto read = std::from_chars(name.begin(), name.end(), number);
    const bool is_all = read.ec == std::errc() && read.ptr == name.end();
    return is_all ? std::optional(number) : std::nullopt;
}

}  // namespace

fs::path CoreSeries::name(uint64_t number) const {
    return path_.string() + "." + std::to_string(number);
}

Result<CoreSeries> CoreSeries::open(const fs::path& path, size_t keep) {
    CoreSeries series(path, keep);
    if (auto seen = series.look(); !seen) return std::unexpected(seen.error());
    return series;
}

// What an earlier program left half-done goes; its cores count.
Result<void> CoreSeries::look() {
    std::error_code error;
    const auto here = fs::symlink_status(path_, error);
    if (fs::exists(here) && !fs::is_symlink(here))
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path_.string(), "it is there, and no link",
                    "give another name: a link to the newest core is to have it");
    const fs::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const std::string start = path_.filename().string() + ".";
    std::vector<fs::path> half_done = {with(SPARE), with(NEW_LINK)};
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::string found = entry.path().filename().string();
        const bool is_unfinished = found.ends_with(UNFINISHED);
        if (is_unfinished) found.resize(found.size() - UNFINISHED.size());
        const auto number = number_in(found, start);
        if (!number) continue;
        if (is_unfinished)
            half_done.push_back(entry.path());
        else
            kept_.push_back({*number, std::nullopt});
    }
    if (error) return fail(DEFIB_ERROR_BASE_CANNOT_READ, folder.string(), error.message());
    for (const fs::path& one : half_done) fs::remove(one, error);
    std::ranges::sort(kept_, {}, &Core::number);
    if (!kept_.empty()) last_ = kept_.back().number;
    return {};
}

Result<NewFile> CoreSeries::begin() {
    const fs::path next = name(last_ + 1);
    known_ = std::exchange(spare_, std::nullopt);
    if (known_) {
        auto file = NewFile::make_from(with(SPARE), next);
        if (file) return file;
        // Somebody reads it, and shall go on with what it was.
        std::error_code error;
        fs::remove(next.string() + std::string(UNFINISHED), error);
    }
    known_.emplace();
    return NewFile::make(next);
}

Result<void> CoreSeries::point_to_newest() {
    std::error_code error;
    const fs::path link = with(NEW_LINK);
    fs::remove(link, error);
    fs::create_symlink(newest().filename(), link, error);
    if (!error) fs::rename(link, path_, error);
    if (error) return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path_.string(), error.message());
    return {};
}

void CoreSeries::retire(Core oldest) {
    std::error_code error;
    const fs::path old = name(oldest.number);
    // What is in it is known by the program that made it.
    if (oldest.known) fs::rename(old, with(SPARE), error);
    if (!oldest.known || error)
        fs::remove(old, error);
    else
        spare_ = std::move(oldest.known);
}

Result<void> CoreSeries::take() {
    kept_.push_back({++last_, std::exchange(known_, std::nullopt)});
    if (auto pointed = point_to_newest(); !pointed) return pointed;
    while (kept_.size() > keep_) {
        retire(std::move(kept_.front()));
        kept_.pop_front();
    }
    return {};
}

}  // namespace defib::boot
