// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How a layout's text spells kinds.
#ifndef DEFIB_LAYOUTS_KIND_NAMES_H
#define DEFIB_LAYOUTS_KIND_NAMES_H

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "layouts/layout.h"

namespace defib::layouts {

inline constexpr std::array<std::pair<MemberKind, std::string_view>, 9> KIND_NAMES = {{
    {MemberKind::integer, "int"},
    {MemberKind::boolean, "bool"},
    {MemberKind::character, "char"},
    {MemberKind::floating, "float"},
    {MemberKind::pointer, "pointer"},
    {MemberKind::function, "function"},
    {MemberKind::structure, "struct"},
    {MemberKind::union_type, "union"},
    {MemberKind::enumeration, "enum"},
}};

constexpr std::string_view kind_name(MemberKind kind) {
    for (const auto& [value, name] : KIND_NAMES) {
        if (value == kind) return name;
    }
    return {};
}

constexpr std::optional<MemberKind> kind_of_name(std::string_view text) {
    for (const auto& [value, name] : KIND_NAMES) {
        if (name == text) return value;
    }
    return std::nullopt;
}

}  // namespace defib::layouts

#endif
