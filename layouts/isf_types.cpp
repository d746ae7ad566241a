// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/isf_types.h"

#include <algorithm>
#include <iterator>

namespace defib::layouts {
namespace {

using nlohmann::json;

struct BaseType {
    std::string_view name;
    uint64_t size;
    bool is_signed;
    const char* kind;
};

// The first of a size and sign is the one that members get: a layout keeps no spelling.
constexpr BaseType BASE_TYPES[] = {
    {"unsigned char", 1, false, "char"},
    {"signed char", 1, true, "char"},
    {"short unsigned int", 2, false, "int"},
    {"short int", 2, true, "int"},
    {"unsigned int", 4, false, "int"},
    {"int", 4, true, "int"},
    {"long unsigned int", 8, false, "int"},
    {"long int", 8, true, "int"},
    {"long long unsigned int", 8, false, "int"},
    {"long long int", 8, true, "int"},
    {"char", 1, true, "char"},
    {"_Bool", 1, false, "bool"},
    {"float", 4, true, "float"},
    {"double", 8, true, "float"},
    {"pointer", 8, false, "int"},
    {"void", 0, false, "void"},
};

const BaseType* find_base(std::string_view name) {
    const auto* found = std::ranges::find(BASE_TYPES, name, &BaseType::name);
    return found == std::end(BASE_TYPES) ? nullptr : found;
}

const BaseType* find_integer(uint64_t size, bool is_signed) {
    const auto* found = std::ranges::find_if(BASE_TYPES, [&](const BaseType& type) {
        return type.size == size && type.is_signed == is_signed;
    });
    return found == std::end(BASE_TYPES) || size == 0 ? nullptr : found;
}

json array_of(json subtype, uint64_t count) {
    return {{"kind", "array"}, {"count", count}, {"subtype", std::move(subtype)}};
}

bool is_record(const LayoutMember& member) {
    return member.kind == MemberKind::structure || member.kind == MemberKind::union_type;
}

json record_named(const std::string& name, bool is_union) {
    return {{"kind", is_union ? "union" : "struct"}, {"name", name}};
}

}  // namespace

std::optional<uint64_t> element_size(const LayoutMember& member) {
    uint64_t size = member.size;
    for (const uint64_t count : member.array) {
        if (count == 0) return {};
        size /= count;
    }
    return size;
}

IsfTypes::IsfTypes(const Layout& layout) : layout_(layout) {
    for (const char* name : {"pointer", "void"}) base(name);
    for (const auto& [name, structure] : layout.structs) {
        for (const LayoutMember& member : structure.members) {
            const bool is_plain = member.depth == 0 && member.bit_size == 0;
            if (is_plain && !member.type.empty() && element_size(member)) {
                aliases_.emplace(member.type, &member);
            }
        }
    }
}

json IsfTypes::base(std::string_view name) {
    const BaseType* type = find_base(name);
    base_types_[std::string(name)] = {{"size", type->size},
                                      {"signed", type->is_signed},
                                      {"kind", type->kind},
                                      {"endian", "little"}};
    return {{"kind", "base"}, {"name", name}};
}

// What has the size of no base type (__int128, the registers of coprocessors) is bytes.
json IsfTypes::integer(uint64_t size, bool is_signed) {
    if (const BaseType* type = find_integer(size, is_signed)) return base(type->name);
    return array_of(base("unsigned char"), size);
}

std::string IsfTypes::integer_name(uint64_t size, bool is_signed) {
    const BaseType* type = find_integer(size, is_signed);
    if (!type) type = find_integer(4, is_signed);
    base(type->name);
    return std::string(type->name);
}

json IsfTypes::record(const LayoutMember& member, uint64_t size, const std::string& own_record) {
    const bool is_union = member.kind == MemberKind::union_type;
    if (member.target.empty()) return record_named(own_record, is_union);
    const auto found = layout_.structs.find(member.target);
    if (found != layout_.structs.end()) return record_named(member.target, found->second.is_union);
    opaque_records_[member.target] = {
        {"kind", is_union ? "union" : "struct"}, {"size", size}, {"fields", json::object()}};
    return record_named(member.target, is_union);
}

// A flexible array of a base type: its element's size is in no layout, and bytes do no harm, for it
// has none.
json IsfTypes::element(const LayoutMember& member, const std::string& own_record) {
    const auto known_size = element_size(member);
    const uint64_t size = known_size.value_or(0);
    if (is_record(member)) return record(member, size, own_record);
    if (!known_size) return base("unsigned char");
    switch (member.kind) {
        case MemberKind::boolean:
            return size == 1 ? base("_Bool") : integer(size, false);
        case MemberKind::character:
            return size == 1 ? base("char") : integer(size, member.is_signed);
        case MemberKind::floating:
            if (size == 4) return base("float");
            return size == 8 ? base("double") : array_of(base("unsigned char"), size);
        case MemberKind::enumeration: {
            const auto found = layout_.enums.find(member.type);
            const bool is_listed = found != layout_.enums.end() && found->second.size == size;
            if (is_listed) return {{"kind", "enum"}, {"name", member.type}};
            return integer(size, member.is_signed);
        }
        default:
            return integer(size, member.is_signed);
    }
}

// What the layout does not tell of is void, which reads as an address and no more.
json IsfTypes::pointee(const LayoutMember& member) {
    if (member.kind == MemberKind::function) return {{"kind", "function"}};
    if (const auto found = layout_.structs.find(member.target); found != layout_.structs.end()) {
        return record_named(member.target, found->second.is_union);
    }
    if (find_base(member.type)) return base(member.type);
    if (const auto found = layout_.enums.find(member.type); found != layout_.enums.end()) {
        return {{"kind", "enum"}, {"name", member.type}};
    }
    const auto alias = aliases_.find(member.type);
    if (alias == aliases_.end() || is_record(*alias->second)) return base("void");
    return element(*alias->second, {});
}

// Volatility reads the unit as an integer and takes the bits out of it.
json IsfTypes::bit_field(const LayoutMember& member) {
    uint64_t unit = 1;
    while (unit < 8 && unit * 8 < uint64_t{member.bit_offset} + member.bit_size) unit *= 2;
    unit = std::clamp<uint64_t>(member.size, unit, 8);
    if (!find_integer(unit, false)) unit = 8;
    return {{"kind", "bitfield"},
            {"bit_position", member.bit_offset},
            {"bit_length", member.bit_size},
            {"type", integer(unit, member.is_signed)}};
}

json IsfTypes::describe(const LayoutMember& member, const std::string& own_record) {
    if (member.bit_size != 0) return bit_field(member);
    json type;
    if (member.kind == MemberKind::pointer || member.kind == MemberKind::function) {
        type = pointee(member);
        for (uint32_t star = 0; star < std::max(member.depth, 1U); ++star) {
            type = {{"kind", "pointer"}, {"subtype", std::move(type)}};
        }
    } else {
        type = element(member, own_record);
    }
    for (auto count = member.array.rbegin(); count != member.array.rend(); ++count) {
        type = array_of(std::move(type), *count);
    }
    return type;
}

}  // namespace defib::layouts
