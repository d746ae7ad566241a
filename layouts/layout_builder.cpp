// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/layout_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "layouts/flavour.h"
#include "layouts/member_builder.h"
#include "layouts/plain_text.h"
#include "layouts/type_names.h"

namespace defib::layouts {
namespace {

constexpr std::string_view ANONYMOUS_SOURCE = "types: anonymous enumeration";

// All structures together; see MAX_MEMBERS in member_builder.cpp. A kernel with every driver has
// under a million.
constexpr size_t MAX_MEMBERS_IN_ALL = 4 << 20;

bool is_identifier(std::string_view name) {
    return !name.empty() && is_plain(name);
}

bool has_doubles(const LayoutEnum& enumeration) {
    std::vector<std::string_view> names;
    names.reserve(enumeration.values.size());
    for (const auto& [name, value] : enumeration.values) names.push_back(name);
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

class LayoutBuilder {
  public:
    LayoutBuilder(const TypeGraph& graph, std::string_view object)
        : graph_(graph), object_(object), names_(index_names(graph)) {}

    Result<Layout> build(const Selection& selection) {
        layout_.kernel = flavour_of(graph_, names_);
        if (layout_.kernel.randstruct.value_or(false)) {
            return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, std::string(object_),
                        "a kernel with randomised structures (CONFIG_RANDSTRUCT)",
                        "its debug information does not tell where members are");
        }
        const auto* wanted = std::get_if<Wanted>(&selection);
        if (auto added = wanted ? add_wanted(*wanted) : add_everything(); !added) {
            return std::unexpected(added.error());
        }
        return std::move(layout_);
    }

  private:
    Result<void> add_everything() {
        for (const auto& [name, id] : names_.records) {
            if (auto added = add_struct(name, id, nullptr); !added) return added;
        }
        for (const auto& [name, id] : names_.enumerations) {
            if (auto added = add_enum(name, id, nullptr); !added) return added;
        }
        return add_anonymous_constants(nullptr);
    }

    Result<void> add_wanted(const Wanted& wanted) {
        for (const auto& [name, members] : wanted.structs) {
            const auto id = find_record(name);
            if (!id) continue;
            if (auto added = add_struct(name, *id, &members); !added) return added;
        }
        for (const auto& [name, values] : wanted.enums) {
            const auto found = names_.enumerations.find(name);
            if (found == names_.enumerations.end()) continue;
            if (auto added = add_enum(name, found->second, &values); !added) return added;
        }
        return add_anonymous_constants(&wanted.constants);
    }

    std::optional<TypeId> find_record(std::string_view name) const {
        if (const auto found = names_.records.find(name); found != names_.records.end()) {
            return found->second;
        }
        const auto alias = names_.aliases.find(name);
        if (alias == names_.aliases.end()) return std::nullopt;
        const TypeId id = resolve(graph_, alias->second).id;
        if (!is_record(graph_.types[id])) return std::nullopt;
        return id;
    }

    // `wanted`: null for all members.
    Result<void> add_struct(std::string_view name, TypeId id, const NameSet* wanted) {
        if (!is_plain(name)) return strange_name(name);
        auto built = build_struct(graph_, id, name, object_);
        if (!built) return std::unexpected(built.error());
        members_in_all_ += built->members.size();
        if (members_in_all_ > MAX_MEMBERS_IN_ALL) {
            return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object_),
                        fmt::format("more than {} members in all", MAX_MEMBERS_IN_ALL));
        }
        if (wanted && !wanted->contains("*")) {
            const auto erased = std::erase_if(built->members, [&](const LayoutMember& member) {
                return !wanted->contains(member.name);
            });
            built->is_partial = erased != 0;
        }
        for (const LayoutMember& member : built->members) {
            if (!is_plain(member.name)) return strange_name(member.name);
            if (!is_plain(member.type)) return strange_name(member.type);
            if (!is_plain(member.target)) return strange_name(member.target);
        }
        layout_.structs.emplace(name, std::move(*built));
        return {};
    }

    Result<void> add_enum(std::string_view name, TypeId id, const NameSet* wanted) {
        if (!is_plain(name)) return strange_name(name);
        const Type& type = graph_.types[id];
        if (type.size > 8) {
            return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                        fmt::format("enum {} has {} bytes", name, type.size));
        }
        LayoutEnum made{type.size, type.encoding == Encoding::is_signed, {}};
        for (const Enumerator& enumerator : graph_.enumerators_of(type)) {
            if (wanted && !wanted->contains("*") && !wanted->contains(enumerator.name)) continue;
            if (!is_identifier(enumerator.name)) return strange_name(enumerator.name);
            made.values.emplace_back(enumerator.name, enumerator.value);
        }
        if (has_doubles(made)) {
            return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                        fmt::format("enum {} has a value twice", name));
        }
        layout_.enums.emplace(name, std::move(made));
        return {};
    }

    Result<void> add_anonymous_constants(const NameSet* wanted) {
        std::unordered_map<std::string_view, std::optional<int64_t>> found;
        for (const Type& type : graph_.types) {
            if (type.kind != TypeKind::enumeration || !type.name.empty()) continue;
            for (const Enumerator& enumerator : graph_.enumerators_of(type)) {
                if (wanted && !wanted->contains(enumerator.name)) continue;
                const auto [entry, is_new] = found.try_emplace(enumerator.name, enumerator.value);
                if (!is_new && entry->second != enumerator.value) entry->second.reset();
            }
        }
        for (const auto& [name, value] : found) {
            if (!value) continue;
            if (!is_identifier(name)) return strange_name(name);
            layout_.constants.emplace(name, LayoutConstant{*value, std::string(ANONYMOUS_SOURCE)});
        }
        return {};
    }

    std::unexpected<Error> strange_name(std::string_view name) const {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                    fmt::format("the name '{}' is no identifier", printable(name)));
    }

    const TypeGraph& graph_;
    std::string_view object_;
    TypeNames names_;
    Layout layout_;
    size_t members_in_all_ = 0;
};

}  // namespace

Result<Layout> build_layout(const TypeGraph& graph, const Selection& selection,
                            std::string_view object) {
    return LayoutBuilder(graph, object).build(selection);
}

}  // namespace defib::layouts
