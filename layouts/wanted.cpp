// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/wanted.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "layouts/json_value.h"
#include "layouts/wanted_text.h"

namespace defib::layouts {
namespace {

class WantedReader {
  public:
    explicit WantedReader(std::string_view object) : object_(object) {}

    Result<Wanted> read(const JsonValue& root) {
        const auto* groups = root.get<JsonValue::Array>();
        if (!groups) return bad("is no list of groups");
        for (const JsonValue& group : *groups) {
            const auto* entries = group.get<JsonValue::Object>();
            if (!entries) return bad("has a group that is no object");
            for (const auto& [name, value] : *entries) {
                if (!read_entry(name, value)) return bad(fmt::format("'{}' is malformed", name));
            }
        }
        return std::move(wanted_);
    }

  private:
    std::unexpected<Error> bad(std::string detail) const {
        return fail(DEFIB_ERROR_LAYOUT_SCHEMA, std::string(object_), std::move(detail));
    }

    bool read_entry(std::string_view name, const JsonValue& value) {
        if (name == "why") return value.get<std::string>() != nullptr;
        if (name == "structs") return read_lists(value, wanted_.structs);
        if (name == "enums") return read_lists(value, wanted_.enums);
        if (name == "constants") return read_names(value, wanted_.constants);
        if (name == "symbols") return read_names(value, wanted_.symbols);
        if (name == "stored_symbols") {
            return read_names(value, wanted_.symbols) && read_names(value, wanted_.stored_symbols);
        }
        return false;
    }

    static bool read_lists(const JsonValue& json,
                           std::map<std::string, NameSet, std::less<>>& lists) {
        const auto* entries = json.get<JsonValue::Object>();
        if (!entries) return false;
        for (const auto& [name, value] : *entries) {
            if (!read_names(value, lists[name])) return false;
        }
        return true;
    }

    static bool read_names(const JsonValue& json, NameSet& names) {
        const auto* elements = json.get<JsonValue::Array>();
        if (!elements) return false;
        for (const JsonValue& element : *elements) {
            const auto* name = element.get<std::string>();
            if (!name || name->empty()) return false;
            names.insert(*name);
        }
        return true;
    }

    std::string_view object_;
    Wanted wanted_;
};

}  // namespace

Result<Wanted> read_wanted(std::string_view json, std::string_view object) {
    const auto root = parse_json(json, object);
    if (!root) return std::unexpected(root.error());
    return WantedReader(object).read(*root);
}

const Wanted& wanted_by_default() {
    static const Wanted WANTED = [] {
        auto wanted = read_wanted(WANTED_TEXT, "layouts/wanted.json");
        if (!wanted) {
            // The text was compiled in: this is a broken build, and a test finds it first.
            std::fprintf(stderr, "%s\n", to_line(wanted.error()).c_str());
            std::abort();
        }
        return std::move(*wanted);
    }();
    return WANTED;
}

}  // namespace defib::layouts
