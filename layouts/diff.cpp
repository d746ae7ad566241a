// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "layouts/kind_names.h"

namespace defib::layouts {
namespace {

std::string describe(const LayoutStruct& structure) {
    return fmt::format("{} bytes", structure.size);
}

std::string describe(const LayoutMember& member) {
    std::string text = fmt::format("{}, {} bytes", member.offset, member.size);
    if (member.bit_size != 0) {
        text += fmt::format(", bits {}..{}", member.bit_offset,
                            member.bit_offset + member.bit_size - 1);
    }
    text += member.is_signed ? ", signed " : ", ";
    text += kind_name(member.kind);
    for (const uint64_t dimension : member.array) text += fmt::format("[{}]", dimension);
    const std::string& name = member.target.empty() ? member.type : member.target;
    if (!name.empty()) text += " " + name;
    return text;
}

class Differ {
  public:
    Differ(const Wanted& wanted, std::vector<Change>& changes)
        : wanted_(wanted), changes_(changes) {}

    void run(const Layout& before, const Layout& after) {
        each(before.structs, after.structs,
             [&](const auto& name, const auto* a, const auto* b) { compare_structs(name, a, b); });
        each(before.enums, after.enums,
             [&](const auto& name, const auto* a, const auto* b) { compare_enums(name, a, b); });
        each(before.constants, after.constants,
             [&](const auto& name, const auto* a, const auto* b) {
                 if (a && b && a->value == b->value) return;
                 const auto text = [](const LayoutConstant* constant) {
                     return constant ? fmt::format("{:#x}", constant->value) : std::string();
                 };
                 add(ChangeKind::constant, "", name, text(a), text(b),
                     wanted_.constants.contains(name));
             });
        each(before.symbols, after.symbols, [&](const auto& name, const auto* a, const auto* b) {
            if (a && b && a->is_absolute == b->is_absolute) return;
            const auto text = [](const LayoutSymbol* symbol) -> std::string {
                if (!symbol) return {};
                return symbol->is_absolute ? "absolute" : "offset";
            };
            add(ChangeKind::symbol, "", name, text(a), text(b), wanted_.symbols.contains(name));
        });
    }

  private:
    void add(ChangeKind kind, std::string_view owner, std::string_view name, std::string before,
             std::string after, bool is_wanted) {
        changes_.push_back({kind, std::string(owner), std::string(name), std::move(before),
                            std::move(after), is_wanted});
    }

    // Walks two sorted maps side by side; a side that lacks the name is null.
    template <class Map, class Compare>
    static void each(const Map& before, const Map& after, Compare compare) {
        constexpr const typename Map::mapped_type* NONE = nullptr;
        auto a = before.begin();
        auto b = after.begin();
        while (a != before.end() || b != after.end()) {
            if (b == after.end() || (a != before.end() && a->first < b->first)) {
                compare(a->first, &a->second, NONE);
                ++a;
            } else if (a == before.end() || b->first < a->first) {
                compare(b->first, NONE, &b->second);
                ++b;
            } else {
                compare(a->first, &a->second, &b->second);
                ++a;
                ++b;
            }
        }
    }

    static bool wants(const std::map<std::string, NameSet, std::less<>>& lists,
                      std::string_view owner, std::string_view name) {
        const auto list = lists.find(owner);
        if (list == lists.end()) return false;
        return name.empty() || list->second.contains("*") || list->second.contains(name);
    }

    void compare_structs(const std::string& name, const LayoutStruct* a, const LayoutStruct* b) {
        const bool is_wanted = wants(wanted_.structs, name, "");
        if (!a || !b || a->size != b->size) {
            add(ChangeKind::structure, name, "", a ? describe(*a) : std::string(),
                b ? describe(*b) : std::string(), is_wanted);
        }
        if (!a || !b) return;
        const auto members_a = by_name(*a);
        const auto members_b = by_name(*b);
        each(members_a, members_b, [&](std::string_view member, const auto* x, const auto* y) {
            if (x && y && is_same_place(**x, **y)) return;
            if ((!x && a->is_partial && !wants(wanted_.structs, name, member)) ||
                (!y && b->is_partial && !wants(wanted_.structs, name, member))) {
                return;
            }
            add(ChangeKind::member, name, member, x ? describe(**x) : std::string(),
                y ? describe(**y) : std::string(), wants(wanted_.structs, name, member));
        });
    }

    static std::map<std::string_view, const LayoutMember*> by_name(const LayoutStruct& structure) {
        std::map<std::string_view, const LayoutMember*> members;
        for (const LayoutMember& member : structure.members) members[member.name] = &member;
        return members;
    }

    // A typedef's other name does not change what is read and written.
    static bool is_same_place(const LayoutMember& a, const LayoutMember& b) {
        const auto place = [](const LayoutMember& member) {
            return std::tie(member.offset, member.size, member.kind, member.is_signed,
                            member.bit_size, member.bit_offset, member.array, member.target,
                            member.depth);
        };
        return place(a) == place(b);
    }

    void compare_enums(const std::string& name, const LayoutEnum* a, const LayoutEnum* b) {
        if (!a || !b) {
            const auto text = [](const LayoutEnum* enumeration) {
                return enumeration ? fmt::format("{} values", enumeration->values.size())
                                   : std::string();
            };
            add(ChangeKind::enumerator, name, "", text(a), text(b), wants(wanted_.enums, name, ""));
            return;
        }
        const std::map<std::string, int64_t> values_a(a->values.begin(), a->values.end());
        const std::map<std::string, int64_t> values_b(b->values.begin(), b->values.end());
        each(values_a, values_b, [&](const auto& value, const auto* x, const auto* y) {
            if (x && y && *x == *y) return;
            add(ChangeKind::enumerator, name, value, x ? std::to_string(*x) : std::string(),
                y ? std::to_string(*y) : std::string(), wants(wanted_.enums, name, value));
        });
    }

    const Wanted& wanted_;
    std::vector<Change>& changes_;
};

}  // namespace

std::vector<Change> diff_layouts(const Layout& before, const Layout& after, const Wanted& wanted) {
    std::vector<Change> changes;
    Differ(wanted, changes).run(before, after);
    // A structure's members stand under it.
    std::ranges::sort(changes, {}, [](const Change& change) {
        const bool is_of_struct =
            change.kind == ChangeKind::structure || change.kind == ChangeKind::member;
        return std::tuple(!change.is_wanted, is_of_struct ? ChangeKind::structure : change.kind,
                          std::string_view(change.owner), std::string_view(change.name));
    });
    return changes;
}

}  // namespace defib::layouts
