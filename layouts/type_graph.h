// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The types of one kernel, as its own file tells them. Every reader (BTF, DWARF) makes the same
// graph, and one builder (layout_builder.h) makes layouts from it: what a layout means is decided
// in one place.
//
// Type 0 is void. Strings are views: into the file that was read, or into `owned_text`; whoever
// holds the graph holds the file too.
//
// A reader ends with validate(). After it, whoever walks the graph needs no check of his own: every
// id exists, and following members, arrays, typedefs and qualifiers ends after at most
// MAX_NESTING steps (pointers and functions may lead back, and are not part of such a walk).
#ifndef DEFIB_LAYOUTS_TYPE_GRAPH_H
#define DEFIB_LAYOUTS_TYPE_GRAPH_H

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib::layouts {

using TypeId = uint32_t;

enum class TypeKind : uint8_t {
    void_type,
    integer,  // also bool and char: see `encoding`
    floating,
    pointer,     // target
    array,       // target, count; a flexible array has count 0
    structure,   // members
    union_type,  // members
    enumeration,
    forward,      // named, never defined here
    alias,        // typedef: name, target
    qualifier,    // const, volatile, restrict, type tags: target
    function,     // target is what it returns
    declaration,  // names something that is no type: a function, a variable, a section, a tag
};

enum class Encoding : uint8_t { none, is_signed, is_unsigned, boolean, character };

struct Member {
    std::string_view name;  // empty: an anonymous structure or union
    TypeId type = 0;
    uint32_t bit_size = 0;  // 0: not a bit-field
    uint64_t bit_offset = 0;
};

struct Enumerator {
    std::string_view name;
    int64_t value = 0;  // an unsigned 64-bit value keeps its bits
};

struct Type {
    TypeKind kind = TypeKind::void_type;
    Encoding encoding = Encoding::none;  // integers, enumerations
    TypeId target = 0;
    std::string_view name;
    uint64_t size = 0;   // bytes; of arrays and functions: 0
    uint64_t count = 0;  // of arrays
    uint32_t first = 0;  // members or enumerators [first, first + length)
    uint32_t length = 0;
};

struct TypeGraph {
    std::vector<Type> types;
    std::vector<Member> members;
    std::vector<Enumerator> enumerators;
    std::deque<std::string> owned_text;
    uint8_t pointer_size = 8;

    std::span<const Member> members_of(const Type& type) const {
        return std::span(members).subspan(type.first, type.length);
    }
    std::span<const Enumerator> enumerators_of(const Type& type) const {
        return std::span(enumerators).subspan(type.first, type.length);
    }
};

// Real kernels nest to 20; the limit keeps a walk's recursion far from the end of the stack.
inline constexpr uint32_t MAX_NESTING = 128;

Result<void> validate(const TypeGraph& graph, std::string_view object);

}  // namespace defib::layouts

#endif
