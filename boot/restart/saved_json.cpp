// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/saved_json.h"

#include <charconv>
#include <optional>

namespace defib::boot {
namespace {

const nlohmann::json NOTHING;
const nlohmann::json NO_ENTRIES = nlohmann::json::array();

std::optional<uint64_t> number_in(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.starts_with("0")) {
        base = 8;
    }
    uint64_t value = 0;
    const auto read = std::from_chars(text.begin(), text.end(), value, base);
    if (read.ec != std::errc() || read.ptr != text.end()) return std::nullopt;
    return value;
}

}  // namespace

void SavedJson::blame(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
}

const SavedJson::Json& SavedJson::at(const Json& from, const char* key) {
    if (!from.is_object()) return NOTHING;
    const auto found = from.find(key);
    return found == from.end() ? NOTHING : *found;
}

const SavedJson::Json& SavedJson::entry(const Json& array, size_t index) {
    return array.is_array() && index < array.size() ? array[index] : NOTHING;
}

const SavedJson::Json& SavedJson::array(const Json& from, const char* key, size_t most) {
    const Json& list = at(from, key);
    if (list.is_array() && list.size() <= most) return list;
    blame(std::string("no list of \"") + key + "\", or a longer one than can be");
    return NO_ENTRIES;
}

uint64_t SavedJson::number(const Json& value, uint64_t most) {
    std::optional<uint64_t> number;
    if (value.is_number_unsigned()) number = value.get<uint64_t>();
    if (value.is_string()) number = number_in(value.get_ref<const std::string&>());
    if (number && *number <= most) return *number;
    blame("a number that is none, or is out of bounds");
    return 0;
}

uint64_t SavedJson::number(const Json& from, const char* key, uint64_t most) {
    const std::string before = wrong_;
    const uint64_t value = number(at(from, key), most);
    if (before.empty() && !wrong_.empty())
        wrong_ = std::string("\"") + key + "\" is no such number";
    return value;
}

int64_t SavedJson::signed_number(const Json& from, const char* key, int64_t least, int64_t most) {
    const Json& value = at(from, key);
    // What does not fit a signed one is unsigned.
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
    if (fits && value.get<int64_t>() >= least && value.get<int64_t>() <= most)
        return value.get<int64_t>();
    blame(std::string("\"") + key + "\" is no such number");
    return 0;
}

std::string SavedJson::text(const Json& from, const char* key) {
    const Json& value = at(from, key);
    if (value.is_string() && !value.get_ref<const std::string&>().contains('\0'))
        return value.get<std::string>();
    blame(std::string("\"") + key + "\" is no text");
    return {};
}

bool SavedJson::truth(const Json& from, const char* key) {
    const Json& value = at(from, key);
    if (value.is_boolean()) return value.get<bool>();
    blame(std::string("\"") + key + "\" is neither true nor false");
    return false;
}

SavedRange SavedJson::range(const Json& value) {
    const SavedRange range{number(entry(value, 0)), number(entry(value, 1))};
    const bool is_sound = range.first < range.end && range.end <= END_OF_ADDRESSES &&
                          (range.first | range.end) % PAGE_BYTES == 0;
    if (!is_sound) blame("memory is where none can be");
    return is_sound ? range : SavedRange{};
}

SavedRange SavedJson::bounds(const Json& from, const char* key) {
    const Json& value = at(from, key);
    const SavedRange range{number(entry(value, 0)), number(entry(value, 1))};
    if (range.end < range.first) blame(std::string("\"") + key + "\" ends before it begins");
    return range;
}

}  // namespace defib::boot
