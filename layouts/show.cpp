// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/show.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace defib::layouts {
namespace {

constexpr uint64_t CACHELINE = 64;

std::string base_type(const LayoutMember& member) {
    uint64_t size = member.size;
    for (const uint64_t dimension : member.array) size = dimension == 0 ? 0 : size / dimension;
    const std::string_view sign = member.is_signed ? "" : "unsigned ";
    switch (member.kind) {
        case MemberKind::boolean:
            return "bool";
        case MemberKind::character:
            return "char";
        case MemberKind::floating:
            return fmt::format("float{}", size * 8);
        case MemberKind::structure:
            return "struct {...}";
        case MemberKind::union_type:
            return "union {...}";
        case MemberKind::enumeration:
            return "enum {...}";
        case MemberKind::function:
            return "void ()";
        case MemberKind::pointer:
            return "void";
        case MemberKind::integer:
            break;
    }
    // A flexible array or a bit-field's unit has no size of an element.
    const std::string_view name = size == 1   ? "char"
                                  : size == 2 ? "short"
                                  : size == 8 ? "long"
                                              : "int";
    return fmt::format("{}{}", sign, name);
}

std::string type_text(const LayoutMember& member) {
    std::string text = member.type.empty() ? base_type(member) : member.type;
    if (!member.type.empty() && member.type == member.target) {
        text = (member.kind == MemberKind::union_type ? "union " : "struct ") + text;
    }
    // A function's typedef has the star in it.
    const bool has_star = member.kind == MemberKind::function && !member.type.empty();
    if (member.depth != 0 && !has_star) text += " " + std::string(member.depth, '*');
    return text;
}

std::string name_text(const LayoutMember& member) {
    std::string text = member.name;
    for (const uint64_t dimension : member.array) {
        text += dimension == 0 ? "[]" : fmt::format("[{}]", dimension);
    }
    if (member.bit_size != 0) text += fmt::format(":{}", member.bit_size);
    return text + ";";
}

// One structure's text, from its first byte to its last.
class Listing {
  public:
    Listing(std::string_view name, const LayoutStruct& structure) : structure_(structure) {
        text_ = fmt::format("{} {} {{\n", structure.is_union ? "union" : "struct", name);
    }

    std::string print() && {
        for (const LayoutMember& member : structure_.members) {
            if (!structure_.is_union) gap_before(member.first_bit());
            boundary_before(member.offset);
            line(member);
            const uint64_t end = member.bit_size != 0 ? member.first_bit() + member.bit_size
                                                      : (member.offset + member.size) * 8;
            end_bit_ = std::max(end_bit_, end);
        }
        totals();
        return std::move(text_);
    }

  private:
    void gap_before(uint64_t bit) {
        if (bit <= end_bit_) return;
        const uint64_t gap = bit - end_bit_;
        const bool is_bits = gap % 8 != 0 || end_bit_ % 8 != 0;
        const std::string size = is_bits ? fmt::format("{} bits", gap)
                                         : fmt::format("{} byte{}", gap / 8, gap == 8 ? "" : "s");
        if (structure_.is_partial) {
            text_ += fmt::format("        /* {} not listed */\n", size);
            return;
        }
        text_ += fmt::format("\n        /* XXX {} hole, try to pack */\n\n", size);
        ++holes_;
        hole_bits_ += gap;
    }

    void boundary_before(uint64_t offset) {
        if (offset / CACHELINE <= cacheline_) return;
        cacheline_ = offset / CACHELINE;
        const uint64_t past = offset % CACHELINE;
        text_ += fmt::format("        /* --- cacheline {} boundary ({} bytes){} --- */\n",
                             cacheline_, cacheline_ * CACHELINE,
                             past == 0 ? "" : fmt::format(" was {} bytes ago", past));
    }

    void line(const LayoutMember& member) {
        const std::string place = member.bit_size != 0
                                      ? fmt::format("{}:{:2}", member.offset, member.bit_offset)
                                      : std::to_string(member.offset);
        text_ += fmt::format("        {:<26} {:<24} /* {:>5} {:>5} */{}\n", type_text(member),
                             name_text(member), place, member.size,
                             member.is_shared ? " /* shared */" : "");
    }

    void totals() {
        const uint64_t size = structure_.size;
        text_ += fmt::format("\n        /* size: {}, cachelines: {}, members: {}{} */\n", size,
                             (size + CACHELINE - 1) / CACHELINE, structure_.members.size(),
                             structure_.is_partial ? " of more" : "");
        if (holes_ != 0) {
            text_ += fmt::format("        /* holes: {}, {} bits in all */\n", holes_, hole_bits_);
        }
        if (!structure_.is_partial && !structure_.is_union && size * 8 > end_bit_ &&
            end_bit_ % 8 == 0) {
            text_ += fmt::format("        /* padding: {} */\n", size - end_bit_ / 8);
        }
        if (size % CACHELINE != 0) {
            text_ += fmt::format("        /* last cacheline: {} bytes */\n", size % CACHELINE);
        }
        text_ += "};\n";
    }

    const LayoutStruct& structure_;
    std::string text_;
    uint64_t end_bit_ = 0;
    uint64_t cacheline_ = 0;
    uint64_t holes_ = 0;
    uint64_t hole_bits_ = 0;
};

}  // namespace

std::string show_struct(std::string_view name, const LayoutStruct& structure) {
    return Listing(name, structure).print();
}

std::string kernel_line(const KernelIdentity& kernel) {
    std::vector<std::string> traits;
    if (!kernel.architecture.empty()) traits.push_back(kernel.architecture);
    if (kernel.smp.has_value()) traits.emplace_back(*kernel.smp ? "SMP" : "one CPU");
    if (kernel.preempt_rt.value_or(false)) traits.emplace_back("PREEMPT_RT");
    if (!kernel.page_table_levels.empty()) {
        traits.push_back(
            fmt::format("{} page table levels", fmt::join(kernel.page_table_levels, " or ")));
    }
    const std::string release =
        kernel.release.empty() ? "a kernel that the input did not name" : kernel.release;
    return traits.empty() ? release : fmt::format("{} ({})", release, fmt::join(traits, ", "));
}

}  // namespace defib::layouts
