// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON as our strict readers need it: objects keep their order, a key that stands twice is an
// error, depth is bounded, numbers are whole. Parsing itself is nlohmann's, which would accept or
// lose all of that.
#ifndef DEFIB_LAYOUTS_JSON_VALUE_H
#define DEFIB_LAYOUTS_JSON_VALUE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace defib::layouts {

struct JsonEntry;

struct JsonValue {
    using Object = std::vector<JsonEntry>;
    using Array = std::vector<JsonValue>;

    std::variant<std::nullptr_t, bool, int64_t, uint64_t, std::string, Array, Object> value;

    template <class T>
    const T* get() const {
        return std::get_if<T>(&value);
    }
};

struct JsonEntry {
    std::string name;
    JsonValue value;
};

// Every error is LAYOUT_SCHEMA with the place in its detail.
Result<JsonValue> parse_json(std::string_view text, std::string_view object);

}  // namespace defib::layouts

#endif
