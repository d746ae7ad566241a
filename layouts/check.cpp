// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/check.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::layouts {
namespace {

bool is_nested(const LayoutMember& member) {
    return member.name.contains('.');
}

uint64_t last_bit(const LayoutMember& member) {
    return member.bit_size != 0 ? member.first_bit() + member.bit_size
                                : (member.offset + member.size) * 8;
}

// Elements of an array; 0 of a flexible one. Saturates, for a layout may say anything.
uint64_t elements(const LayoutMember& member) {
    uint64_t count = 1;
    for (const uint64_t dimension : member.array) {
        if (__builtin_mul_overflow(count, dimension, &count)) return UINT64_MAX;
    }
    return count;
}

class Checker {
  public:
    Checker(const Layout& layout, LayoutReport& report) : layout_(layout), report_(report) {}

    void run() {
        for (const auto& [name, structure] : layout_.structs) check_struct(name, structure);
        for (const auto& [name, enumeration] : layout_.enums) check_enum(name, enumeration);
    }

  private:
    void fault(std::string_view structure, std::string_view member, std::string_view what) {
        report_.faults.push_back(fmt::format("{}.{} {}", structure, member, what));
    }

    void check_struct(const std::string& name, const LayoutStruct& structure) {
        for (const LayoutMember& member : structure.members) {
            if (member.offset + member.size > structure.size) {
                fault(name, member.name, "reaches over the structure's end");
            }
            check_size(name, member);
        }
        if (!structure.is_union) check_overlaps(name, structure);
        check_nested(name, structure);
    }

    // Members in order of their first bit; one that begins before the furthest end so far lies on
    // another. Inside an anonymous union that is what unions are for.
    void check_overlaps(const std::string& name, const LayoutStruct& structure) {
        const LayoutMember* furthest = nullptr;
        for (const LayoutMember& member : structure.members) {
            if (is_nested(member) || last_bit(member) == member.first_bit()) continue;
            if (furthest && member.first_bit() < last_bit(*furthest) &&
                !(member.is_shared && furthest->is_shared)) {
                fault(name, member.name, fmt::format("overlaps {}", furthest->name));
            }
            if (!furthest || last_bit(member) > last_bit(*furthest)) furthest = &member;
        }
    }

    void check_nested(const std::string& name, const LayoutStruct& structure) {
        for (const LayoutMember& member : structure.members) {
            if (!is_nested(member)) continue;
            const auto* outer = structure.find(member.name.substr(0, member.name.rfind('.')));
            if (outer &&
                (member.first_bit() < outer->first_bit() || last_bit(member) > last_bit(*outer))) {
                fault(name, member.name, fmt::format("lies outside {}", outer->name));
            }
        }
    }

    void check_size(const std::string& name, const LayoutMember& member) {
        if (member.bit_size != 0) return;  // its unit is as wide as it has to be
        const uint64_t count = elements(member);
        if (count == 0) {
            if (member.size != 0) fault(name, member.name, "is a flexible array with a size");
            return;
        }
        if (member.size % count != 0) {
            fault(name, member.name, "has a size that is no multiple of its elements");
            return;
        }
        const uint64_t size = member.size / count;
        if (!is_possible(member, size)) {
            fault(name, member.name,
                  fmt::format("has {} bytes, which no member of its kind has", size));
        }
    }

    bool is_possible(const LayoutMember& member, uint64_t size) const {
        switch (member.kind) {
            case MemberKind::boolean:
            case MemberKind::character:
                return size == 1;
            case MemberKind::integer:
                return size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
            case MemberKind::enumeration:
                return size == 1 || size == 2 || size == 4 || size == 8;
            case MemberKind::floating:
                return size >= 2 && size <= 16;
            case MemberKind::pointer:
            case MemberKind::function:
                return size == 8 || layout_.kernel.architecture.empty();
            case MemberKind::structure:
            case MemberKind::union_type: {
                const auto target = layout_.structs.find(member.target);
                return target == layout_.structs.end() || target->second.size == size;
            }
        }
        return false;
    }

    void check_enum(const std::string& name, const LayoutEnum& enumeration) {
        if (enumeration.size > 8 || (enumeration.size & (enumeration.size - 1)) != 0) {
            report_.faults.push_back(fmt::format("enum {} has {} bytes", name, enumeration.size));
        }
    }

    const Layout& layout_;
    LayoutReport& report_;
};

void find_absent(const Layout& layout, const Wanted& wanted, LayoutReport& report) {
    for (const auto& [name, members] : wanted.structs) {
        const auto structure = layout.structs.find(name);
        if (structure == layout.structs.end()) {
            report.absent.push_back(name);
            continue;
        }
        for (const auto& member : members) {
            if (member != "*" && !structure->second.find(member)) {
                report.absent.push_back(fmt::format("{}.{}", name, member));
            }
        }
    }
    for (const auto& [name, values] : wanted.enums) {
        if (!layout.enums.contains(name)) report.absent.push_back(name);
    }
    for (const auto& name : wanted.symbols) {
        if (!layout.symbols.contains(name)) report.absent.push_back(name);
    }
    for (const auto& name : wanted.constants) {
        if (!layout.constants.contains(name)) report.absent_constants.push_back(name);
    }
}

}  // namespace

LayoutReport check_layout(const Layout& layout, const Wanted& wanted) {
    LayoutReport report;
    Checker(layout, report).run();
    find_absent(layout, wanted, report);
    const KernelIdentity& kernel = layout.kernel;
    report.is_identified =
        !kernel.architecture.empty() && (!kernel.banner.empty() || !kernel.btf_digest.empty());
    return report;
}

}  // namespace defib::layouts
