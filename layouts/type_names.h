// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Finding types by the name under which a layout knows them.
#ifndef DEFIB_LAYOUTS_TYPE_NAMES_H
#define DEFIB_LAYOUTS_TYPE_NAMES_H

#include <string_view>
#include <unordered_map>

#include "layouts/type_graph.h"

namespace defib::layouts {

using NameIndex = std::unordered_map<std::string_view, TypeId>;

// Structures, unions and enumerations that are defined here: by tag, or by the typedef that names
// one without a tag. A tag wins over a typedef, the first in the file over later ones.
struct TypeNames {
    NameIndex records;
    NameIndex enumerations;
    // Every typedef, the first of its name: for who asks for `spinlock_t`.
    NameIndex aliases;
};

TypeNames index_names(const TypeGraph& graph);

// What remains of a type when qualifiers and typedefs are taken away, and the typedefs' names: the
// one that the declaration used, and the one next to the type itself.
struct Resolved {
    TypeId id = 0;
    std::string_view outer_alias;
    std::string_view inner_alias;
};

Resolved resolve(const TypeGraph& graph, TypeId id);

inline bool is_record(const Type& type) {
    return type.kind == TypeKind::structure || type.kind == TypeKind::union_type;
}

}  // namespace defib::layouts

#endif
