// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::image {
namespace {

// Reasons are for people: a text, or a text for each number, in any object.
constexpr std::string_view WHY = "why";

bool is_reason(const JsonValue& value) {
    if (value.get<std::string>() != nullptr) return true;
    const auto* object = value.get<JsonValue::Object>();
    return object != nullptr && std::ranges::all_of(*object, [](const auto& entry) {
               return entry.value.template get<std::string>() != nullptr;
           });
}

}  // namespace

bool is_plain(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

std::optional<uint64_t> number_in(const JsonValue& value) {
    if (const auto* plain = value.get<uint64_t>()) return *plain;
    if (const auto* plain = value.get<int64_t>(); plain != nullptr && *plain >= 0) {
        return static_cast<uint64_t>(*plain);
    }
    return std::nullopt;
}

ObjectReader::ObjectReader(const JsonValue& value, std::string where,
                           std::vector<std::string>& problems)
    : object_(value.get<JsonValue::Object>()), where_(std::move(where)), problems_(problems) {
    if (object_ == nullptr) {
        complain("is no object");
        return;
    }
    const JsonValue* why = take(WHY);
    if (why != nullptr && !is_reason(*why)) {
        complain("why is neither a text nor an object of texts");
    }
}

void ObjectReader::finish() const {
    if (object_ == nullptr) return;
    for (const auto& entry : *object_) {
        if (!asked_.contains(entry.name)) complain(fmt::format("no key is called {}", entry.name));
    }
    const auto why = std::ranges::find(*object_, WHY, &layouts::JsonEntry::name);
    if (why == object_->end()) return;
    const auto* reasons = why->value.get<JsonValue::Object>();
    if (reasons == nullptr) return;
    for (const auto& reason : *reasons) {
        if (!has(reason.name))
            complain(fmt::format("why gives a reason for {}, which is not there", reason.name));
    }
}

bool ObjectReader::has(std::string_view key) const {
    return object_ != nullptr &&
           std::ranges::find(*object_, key, &layouts::JsonEntry::name) != object_->end();
}

void ObjectReader::complain(std::string_view what) const {
    problems_.push_back(where_.empty() ? std::string(what) : fmt::format("{}: {}", where_, what));
}

std::string ObjectReader::place(std::string_view key) const {
    return where_.empty() ? std::string(key) : fmt::format("{}, {}", where_, key);
}

const JsonValue* ObjectReader::take(std::string_view key) {
    asked_.emplace(key);
    if (object_ == nullptr) return nullptr;
    const auto found = std::ranges::find(*object_, key, &layouts::JsonEntry::name);
    return found == object_->end() ? nullptr : &found->value;
}

const JsonValue* ObjectReader::take_needed(std::string_view key) {
    const JsonValue* found = take(key);
    if (found == nullptr && object_ != nullptr) complain(fmt::format("{} is missing", key));
    return found;
}

std::string ObjectReader::text(std::string_view key) {
    const JsonValue* found = take_needed(key);
    if (found == nullptr) return {};
    const auto* text = found->get<std::string>();
    if (text == nullptr || !is_plain(*text)) {
        complain(fmt::format("{} is no text of printable ASCII", key));
        return {};
    }
    return *text;
}

uint64_t ObjectReader::number(std::string_view key, uint64_t least, uint64_t most) {
    const JsonValue* found = take_needed(key);
    if (found == nullptr) return least;
    const auto value = number_in(*found);
    if (value && *value >= least && *value <= most) return *value;
    complain(fmt::format("{} is no whole number from {} to {}", key, least, most));
    return least;
}

uint64_t ObjectReader::number_or(std::string_view key, uint64_t least, uint64_t most,
                                 uint64_t otherwise) {
    return take(key) == nullptr ? otherwise : number(key, least, most);
}

uint32_t ObjectReader::choice(std::string_view key, std::span<const std::string_view> words) {
    const std::string word = text(key);
    if (word.empty()) return 0;
    const auto found = std::ranges::find(words, word);
    if (found != words.end()) return static_cast<uint32_t>(found - words.begin());
    complain(fmt::format("{} is {}; it may be {}", key, word, fmt::join(words, ", ")));
    return 0;
}

void ObjectReader::each(std::string_view key, size_t most,
                        const std::function<void(const JsonValue&, std::string)>& take_one) {
    const JsonValue* found = take(key);
    if (found == nullptr) return;
    const auto* list = found->get<JsonValue::Array>();
    if (list == nullptr) return complain(fmt::format("{} is no list", key));
    if (list->size() > most) return complain(fmt::format("{} has more than {} entries", key, most));
    for (size_t i = 0; i < list->size(); i++) {
        take_one((*list)[i], fmt::format("{}[{}]", place(key), i));
    }
}

}  // namespace defib::image
