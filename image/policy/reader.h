// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading one object of a policy strictly: every key is asked for by somebody, or it is a problem.
#ifndef DEFIB_IMAGE_POLICY_READER_H
#define DEFIB_IMAGE_POLICY_READER_H

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layouts/json_value.h"

namespace defib::image {

using layouts::JsonValue;

class ObjectReader {
  public:
    // `where` begins every line about it: "rules[2] (memory), steps[0]".
    ObjectReader(const JsonValue& value, std::string where, std::vector<std::string>& problems);
    // Says which keys nobody asked for.
    void finish() const;

    bool has(std::string_view key) const;
    void complain(std::string_view what) const;

    std::string text(std::string_view key);
    uint64_t number(std::string_view key, uint64_t least, uint64_t most);
    uint64_t number_or(std::string_view key, uint64_t least, uint64_t most, uint64_t otherwise);
    // The place of the text in the list; the problem names the whole list.
    uint32_t choice(std::string_view key, std::span<const std::string_view> words);

    void each(std::string_view key, size_t most,
              const std::function<void(const JsonValue&, std::string where)>& take);
    // The object's entry, or nullptr; a problem where it is needed and not there.
    const JsonValue* take(std::string_view key);
    const JsonValue* take_needed(std::string_view key);
    const JsonValue::Object* entries() const { return object_; }

    const std::string& where() const { return where_; }
    std::vector<std::string>* problems() const { return &problems_; }
    void rename(std::string where) { where_ = std::move(where); }
    std::string place(std::string_view key) const;

  private:
    const JsonValue::Object* object_ = nullptr;
    std::string where_;
    std::vector<std::string>& problems_;
    std::set<std::string, std::less<>> asked_;
};

// Printable ASCII, and some of it: what may stand in a message of one line.
bool is_plain(std::string_view text);

// A whole number; nothing where it is none.
std::optional<uint64_t> number_in(const JsonValue& value);

}  // namespace defib::image

#endif
