// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/member_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "layouts/plain_text.h"
#include "layouts/type_names.h"

namespace defib::layouts {
namespace {

// Sharing makes a small file unfold to much: twenty levels of two anonymous members each are a
// million. The largest structure of a real kernel has some hundred members.
constexpr size_t MAX_MEMBERS = 1 << 16;

std::optional<uint64_t> size_of(const TypeGraph& graph, TypeId id) {
    uint64_t factor = 1;
    for (;;) {
        const Type& type = graph.types[resolve(graph, id).id];
        if (type.kind == TypeKind::pointer) return factor * graph.pointer_size;
        if (type.kind != TypeKind::array) {
            uint64_t size = 0;
            if (__builtin_mul_overflow(factor, type.size, &size)) return std::nullopt;
            return size;
        }
        if (__builtin_mul_overflow(factor, type.count, &factor)) return std::nullopt;
        // Keeps the product with a pointer's size in range as well.
        if (factor >> 56 != 0) return std::nullopt;
        id = type.target;
    }
}

MemberKind kind_of_integer(const Type& type) {
    if (type.encoding == Encoding::boolean) return MemberKind::boolean;
    // BTF says of plain char only that it is an integer of that name.
    if (type.encoding == Encoding::character || type.name == "char") return MemberKind::character;
    return MemberKind::integer;
}

class StructBuilder {
  public:
    StructBuilder(const TypeGraph& graph, std::string_view name, std::string_view object)
        : graph_(graph), name_(name), object_(object) {}

    Result<LayoutStruct> build(TypeId id) {
        const Type& type = graph_.types[id];
        result_.size = type.size;
        result_.is_union = type.kind == TypeKind::union_type;
        if (auto added = add_members(type, {}); !added) return std::unexpected(added.error());
        sort_members();
        if (auto unique = check_names(); !unique) return std::unexpected(unique.error());
        return std::move(result_);
    }

  private:
    std::unexpected<Error> malformed(std::string_view member, std::string_view what) const {
        return fail(
            DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
            fmt::format("struct {}: member '{}' {}", printable(name_), printable(member), what));
    }

    // Where the structure that is being flattened lies in the one that is being built.
    struct Place {
        uint64_t first_bit = 0;
        std::string prefix;
        bool is_shared = false;
    };

    // The recursion ends: a valid graph nests at most MAX_NESTING deep.
    Result<void> add_members(const Type& record, const Place& place) {
        for (const Member& member : graph_.members_of(record)) {
            if (auto added = add(record, member, place); !added) return added;
        }
        return {};
    }

    Result<void> add(const Type& record, const Member& member, const Place& place) {
        const Resolved resolved = resolve(graph_, member.type);
        const Type& type = graph_.types[resolved.id];
        const auto size = size_of(graph_, resolved.id);
        if (!size) return malformed(member.name, "is larger than memory");
        const uint64_t bits = member.bit_size != 0 ? member.bit_size : *size * 8;
        if (*size >> 56 != 0 || record.size >> 56 != 0 || member.bit_offset > record.size * 8 ||
            bits > record.size * 8 - member.bit_offset) {
            return malformed(member.name, "reaches over the structure's end");
        }
        const uint64_t first_bit = place.first_bit + member.bit_offset;
        if (member.name.empty()) {
            // What else has no name is padding: `int : 3;`.
            if (!is_record(type)) return {};
            const bool is_shared = place.is_shared || type.kind == TypeKind::union_type;
            return add_members(type, {first_bit, place.prefix, is_shared});
        }
        if (result_.members.size() == MAX_MEMBERS) {
            return fail(
                DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object_),
                fmt::format("struct {}: more than {} members", printable(name_), MAX_MEMBERS));
        }
        LayoutMember& made = result_.members.emplace_back();
        made.name = place.prefix;
        made.is_shared = place.is_shared;
        made.name += member.name;
        made.size = *size;
        made.offset = first_bit / 8;
        if (member.bit_size != 0) {
            if (auto placed = place_bit_field(made, member, first_bit); !placed) return placed;
        } else if (first_bit % 8 != 0) {
            return malformed(member.name, "does not begin at a byte");
        }
        if (auto described = describe(made, resolved); !described) return described;
        const bool is_nameless =
            is_record(type) && type.name.empty() && resolved.inner_alias.empty();
        // `made` may move when members are added.
        if (!is_nameless) return {};
        const bool is_shared = place.is_shared || type.kind == TypeKind::union_type;
        return add_members(type, {first_bit, made.name + ".", is_shared});
    }

    Result<void> place_bit_field(LayoutMember& made, const Member& member, uint64_t first_bit) {
        if (member.bit_size > 64) return malformed(member.name, "is a bit-field of over 64 bits");
        const uint64_t unit_bits = made.size * 8;
        made.bit_size = member.bit_size;
        const uint64_t unit = unit_bits == 0 ? 0 : first_bit / unit_bits;
        const bool fits = unit_bits != 0 && unit_bits <= 64 &&
                          first_bit % unit_bits + member.bit_size <= unit_bits &&
                          (unit + 1) * unit_bits <= result_.size * 8;
        if (fits) {
            made.offset = unit * made.size;
        } else {
            made.offset = first_bit / 8;
            made.size = (first_bit % 8 + member.bit_size + 7) / 8;
        }
        made.bit_offset = static_cast<uint32_t>(first_bit - made.offset * 8);
        return {};
    }

    // Dimensions, stars, and what remains.
    Result<void> describe(LayoutMember& made, Resolved resolved) {
        while (graph_.types[resolved.id].kind == TypeKind::array) {
            made.array.push_back(graph_.types[resolved.id].count);
            resolved = resolve(graph_, graph_.types[resolved.id].target);
        }
        std::string_view pointer_alias;
        while (graph_.types[resolved.id].kind == TypeKind::pointer) {
            ++made.depth;
            if (made.depth > MAX_NESTING) return malformed(made.name, "has too many stars");
            pointer_alias = resolved.outer_alias;
            resolved = resolve(graph_, graph_.types[resolved.id].target);
        }
        const Type& type = graph_.types[resolved.id];
        const auto name = resolved.outer_alias.empty() ? type.name : resolved.outer_alias;
        made.type = name;
        // Kind, size and sign say as much as "long unsigned int" does, and compilers differ in how
        // they spell it.
        const bool is_base = type.kind == TypeKind::integer || type.kind == TypeKind::floating;
        if (is_base && made.depth == 0 && resolved.outer_alias.empty()) made.type.clear();
        if (is_record(type)) {
            made.target = type.name.empty() ? resolved.inner_alias : type.name;
        } else if (type.kind == TypeKind::forward) {
            made.target = type.name;
        }
        if (made.depth != 0) {
            made.kind = MemberKind::pointer;
            if (type.kind == TypeKind::function && made.depth == 1) {
                made.kind = MemberKind::function;
                if (name.empty()) made.type = pointer_alias;
            }
            return {};
        }
        return describe_value(made, type);
    }

    Result<void> describe_value(LayoutMember& made, const Type& type) const {
        made.is_signed =
            type.encoding == Encoding::is_signed || type.encoding == Encoding::character;
        switch (type.kind) {
            case TypeKind::integer:
                made.kind = kind_of_integer(type);
                return {};
            case TypeKind::floating:
                made.kind = MemberKind::floating;
                return {};
            case TypeKind::enumeration:
                made.kind = MemberKind::enumeration;
                return {};
            case TypeKind::structure:
                made.kind = MemberKind::structure;
                return {};
            case TypeKind::union_type:
                made.kind = MemberKind::union_type;
                return {};
            default:
                return malformed(made.name, "is of a type that no member can have");
        }
    }

    // Members of unions are declared one alternative after the other, but listed by place.
    void sort_members() {
        auto& members = result_.members;
        if (std::ranges::is_sorted(members, {}, &LayoutMember::first_bit)) return;
        std::vector<std::pair<uint64_t, size_t>> order;
        order.reserve(members.size());
        for (size_t i = 0; i < members.size(); ++i) order.emplace_back(members[i].first_bit(), i);
        std::ranges::sort(order);
        std::vector<LayoutMember> sorted;
        sorted.reserve(members.size());
        for (const auto& [bit, index] : order) sorted.push_back(std::move(members[index]));
        members = std::move(sorted);
    }

    // C forbids it; only damage makes it, and then no offset of the structure can be trusted.
    Result<void> check_names() {
        names_.clear();
        for (const LayoutMember& member : result_.members) names_.push_back(member.name);
        std::ranges::sort(names_);
        const auto twice = std::ranges::adjacent_find(names_);
        if (twice != names_.end()) return malformed(*twice, "is there twice");
        return {};
    }

    const TypeGraph& graph_;
    std::string_view name_;
    std::string_view object_;
    LayoutStruct result_;
    std::vector<std::string_view> names_;
};

}  // namespace

Result<LayoutStruct> build_struct(const TypeGraph& graph, TypeId id, std::string_view name,
                                  std::string_view object) {
    return StructBuilder(graph, name, object).build(id);
}

}  // namespace defib::layouts
