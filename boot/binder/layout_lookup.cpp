// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/layout_lookup.h"

namespace defib::boot {
namespace {

const layouts::LayoutStruct* find_struct(const layouts::Layout& layout, std::string_view type) {
    const auto found = layout.structs.find(std::string(plain_name(type)));
    return found == layout.structs.end() ? nullptr : &found->second;
}

// "bd_stats[0].ios[]" is bd_stats.ios: an element lies in its array, and the array's place is
// asked.
std::string without_indices(std::string_view path) {
    std::string plain;
    bool is_inside = false;
    for (const char c : path) {
        if (c == '[') is_inside = true;
        if (!is_inside) plain += c;
        if (c == ']') is_inside = false;
    }
    return plain;
}

}  // namespace

std::string_view plain_name(std::string_view type) {
    return type.substr(0, type.find("___"));
}

Found<Place> find_place(const layouts::Layout& layout, std::span<const Hop> hops) {
    Place place;
    const layouts::LayoutStruct* structure = nullptr;
    std::string pending;  // "inner." of a member whose own structure has no name
    for (const Hop& hop : hops) {
        if (pending.empty()) structure = find_struct(layout, hop.type);
        if (structure == nullptr) return std::unexpected(std::string(plain_name(hop.type)));
        const std::string name = pending + hop.member;
        const auto* member = structure->find(name);
        if (member == nullptr) {
            return std::unexpected(std::string(plain_name(hop.type)) + "." + hop.member);
        }
        // A layout has the members of a structure without a name as "inner.x" of the one around.
        const bool is_nameless = member->target.empty() && member->depth == 0 &&
                                 (member->kind == layouts::MemberKind::structure ||
                                  member->kind == layouts::MemberKind::union_type);
        if (is_nameless && &hop != &hops.back()) {
            pending = name + ".";
            continue;
        }
        pending.clear();
        place.offset += member->offset;
        place.member = member;
        if (&hop == &hops.back()) continue;
        // The next hop counts from the start of this one: it has to be that structure, right here.
        const std::string_view next = plain_name((&hop + 1)->type);
        const bool is_structure = member->kind == layouts::MemberKind::structure ||
                                  member->kind == layouts::MemberKind::union_type;
        const bool is_next = member->target == next || member->type == next;
        if (!is_structure || member->depth != 0 || !is_next) {
            return std::unexpected(std::string(plain_name(hop.type)) + "." + name + ": no " +
                                   std::string(next) + " here");
        }
    }
    if (place.member == nullptr) return std::unexpected(std::string("a path without a member"));
    return place;
}

Found<Place> find_path(const layouts::Layout& layout, std::string_view path) {
    const std::string plain = without_indices(path);
    std::string_view rest = plain;
    std::string type(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(type.size() + 1, rest.size()));
    Place place;
    while (!rest.empty()) {
        const auto* structure = find_struct(layout, type);
        if (structure == nullptr) return std::unexpected(type);
        // The longest name first: "inner.x" is one member.
        size_t length = rest.size();
        const layouts::LayoutMember* member = structure->find(rest);
        while (member == nullptr && (length = rest.rfind('.', length - 1)) != std::string::npos) {
            member = structure->find(rest.substr(0, length));
            if (length == 0) break;
        }
        if (member == nullptr) {
            return std::unexpected(type + "." + std::string(rest.substr(0, rest.find('.'))));
        }
        place.offset += member->offset;
        place.member = member;
        rest.remove_prefix(std::min(member->name.size() + 1, rest.size()));
        if (!rest.empty() && (member->depth != 0 || member->target.empty())) {
            return std::unexpected(plain);
        }
        type = member->target;
    }
    if (place.member == nullptr) return std::unexpected(plain);
    return place;
}

}  // namespace defib::boot
