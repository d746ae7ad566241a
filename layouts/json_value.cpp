// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/json_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "layouts/plain_text.h"

namespace defib::layouts {
namespace {

constexpr size_t MAX_DEPTH = 16;

class Handler : public nlohmann::json_sax<nlohmann::json> {
  public:
    JsonValue root;
    std::string complaint;

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(int64_t value) override { return put(value); }
    bool number_unsigned(uint64_t value) override { return put(value); }
    bool number_float(double /*value*/, const std::string& text) override {
        return complain(fmt::format("the number {} is not whole", text));
    }
    bool string(std::string& value) override { return put(std::move(value)); }
    bool binary(nlohmann::json::binary_t& /*value*/) override { return complain("binary data"); }
    bool start_object(size_t /*size*/) override { return open(JsonValue::Object{}); }
    bool start_array(size_t /*size*/) override { return open(JsonValue::Array{}); }
    bool key(std::string& name) override {
        // Keys go into messages of one line, and every key of ours is ASCII.
        if (!is_plain(std::string_view(name)) || name.empty())
            return complain("a key is not printable ASCII");
        std::get<JsonValue::Object>(open_.back()->value).push_back({std::move(name), {}});
        return true;
    }
    bool end_object() override {
        const auto& members = std::get<JsonValue::Object>(open_.back()->value);
        std::vector<std::string_view> names;
        names.reserve(members.size());
        for (const auto& [name, value] : members) names.push_back(name);
        std::ranges::sort(names);
        const auto twice = std::ranges::adjacent_find(names);
        if (twice != names.end()) return complain(fmt::format("'{}' is there twice", *twice));
        open_.pop_back();
        return true;
    }
    bool end_array() override {
        open_.pop_back();
        return true;
    }
    bool parse_error(size_t position, const std::string& /*token*/,
                     const nlohmann::json::exception& /*error*/) override {
        return complain(fmt::format("no JSON from byte {} on", position));
    }

  private:
    bool complain(std::string text) {
        complaint = std::move(text);
        return false;
    }

    // Values are only added at the end of the innermost open container, so that pointers to the
    // open ones stay good.
    template <class T>
    JsonValue* place(T&& value) {
        if (open_.empty()) {
            root.value = std::forward<T>(value);
            return &root;
        }
        if (auto* array = std::get_if<JsonValue::Array>(&open_.back()->value)) {
            array->push_back({std::forward<T>(value)});
            return &array->back();
        }
        auto& slot = std::get<JsonValue::Object>(open_.back()->value).back().value;
        slot.value = std::forward<T>(value);
        return &slot;
    }

    template <class T>
    bool put(T&& value) {
        place(std::forward<T>(value));
        return true;
    }

    template <class T>
    bool open(T&& container) {
        if (open_.size() == MAX_DEPTH) {
            return complain(fmt::format("nested deeper than {}", MAX_DEPTH));
        }
        open_.push_back(place(std::forward<T>(container)));
        return true;
    }

    std::vector<JsonValue*> open_;
};

}  // namespace

Result<JsonValue> parse_json(std::string_view text, std::string_view object) {
    Handler handler;
    if (!nlohmann::json::sax_parse(text, &handler)) {
        return fail(DEFIB_ERROR_LAYOUT_SCHEMA, std::string(object), handler.complaint);
    }
    return std::move(handler.root);
}

}  // namespace defib::layouts
