// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/type_names.h"

namespace defib::layouts {

TypeNames index_names(const TypeGraph& graph) {
    TypeNames names;
    for (TypeId id = 1; id < graph.types.size(); ++id) {
        const Type& type = graph.types[id];
        if (type.name.empty()) continue;
        if (is_record(type)) names.records.try_emplace(type.name, id);
        // A forward declaration of an enumeration has no values.
        if (type.kind == TypeKind::enumeration && type.length != 0) {
            names.enumerations.try_emplace(type.name, id);
        }
        if (type.kind == TypeKind::alias) names.aliases.try_emplace(type.name, id);
    }
    for (TypeId id = 1; id < graph.types.size(); ++id) {
        const Type& alias = graph.types[id];
        if (alias.kind != TypeKind::alias || alias.name.empty()) continue;
        const Type& type = graph.types[alias.target];
        if (!type.name.empty()) continue;
        if (is_record(type)) names.records.try_emplace(alias.name, alias.target);
        if (type.kind == TypeKind::enumeration) {
            names.enumerations.try_emplace(alias.name, alias.target);
        }
    }
    return names;
}

Resolved resolve(const TypeGraph& graph, TypeId id) {
    Resolved resolved{id, {}, {}};
    for (;;) {
        const Type& type = graph.types[resolved.id];
        if (type.kind == TypeKind::alias) {
            if (resolved.outer_alias.empty()) resolved.outer_alias = type.name;
            resolved.inner_alias = type.name;
        } else if (type.kind != TypeKind::qualifier) {
            return resolved;
        }
        resolved.id = type.target;
    }
}

}  // namespace defib::layouts
