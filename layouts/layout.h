// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A layout: one kernel's structures, enums, constants and symbols, as everything after the readers
// sees them. Members of anonymous structures and unions are flattened into the structure that holds
// them (layout_builder.h says how in full).
#ifndef DEFIB_LAYOUTS_LAYOUT_H
#define DEFIB_LAYOUTS_LAYOUT_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace defib::layouts {

inline constexpr int LAYOUT_SCHEMA_VERSION = 1;

enum class MemberKind : uint8_t {
    integer,
    boolean,
    character,  // plain char; its signedness is the architecture's
    floating,
    pointer,
    function,  // a pointer to a function
    structure,
    union_type,
    enumeration,
};

struct LayoutMember {
    std::string name;     // "inner.x": x of the structure without a name that `inner` is
    uint64_t offset = 0;  // bytes from the start of the structure
    uint64_t size = 0;    // bytes of the whole member; of a bit-field: of the unit that holds it
    MemberKind kind = MemberKind::integer;  // of an array: of its element
    bool is_signed = false;
    uint32_t bit_size = 0;        // 0: not a bit-field
    uint32_t bit_offset = 0;      // from bit 0 of the byte at `offset`
    std::vector<uint64_t> array;  // dimensions; a flexible one is 0
    // The declared name without qualifiers, dimensions and stars: "pid_t", "task_struct"; empty if
    // there is none. A base type's name stands only behind a star ("char").
    std::string type;
    std::string target;      // the structure that it is or points to: its name in Layout::structs
    uint32_t depth = 0;      // pointers: how many stars
    bool is_shared = false;  // in an anonymous union: other members may lie on the same bytes

    uint64_t first_bit() const { return offset * 8 + bit_offset; }
    bool operator==(const LayoutMember&) const = default;
};

struct LayoutStruct {
    uint64_t size = 0;
    bool is_union = false;
    bool is_partial = false;            // has members in the kernel that are not listed here
    std::vector<LayoutMember> members;  // by first_bit(), then as declared

    const LayoutMember* find(std::string_view name) const;
    bool operator==(const LayoutStruct&) const = default;
};

struct LayoutEnum {
    uint64_t size = 0;
    bool is_signed = false;
    std::vector<std::pair<std::string, int64_t>> values;  // as declared

    bool operator==(const LayoutEnum&) const = default;
};

struct LayoutConstant {
    int64_t value = 0;
    std::string source;  // "headers: arch/x86/include/asm/thread_info.h", "table: 6.1", ...

    bool operator==(const LayoutConstant&) const = default;
};

// Whose layout it is. An empty string or nullopt: the input did not say.
struct KernelIdentity {
    std::string architecture;  // "x86_64", "aarch64"
    std::string release;       // "6.1.0-56-amd64"
    std::string banner;        // linux_banner without its line end
    std::string build_id;      // hex
    std::string btf_digest;    // "sha256:<hex>" of the raw .BTF bytes
    std::optional<bool> smp;
    std::optional<bool> preempt_rt;
    std::optional<bool> randstruct;
    std::vector<int> page_table_levels;  // possible ones: {4}, {4, 5}

    bool operator==(const KernelIdentity&) const = default;
};

struct LayoutSymbol {
    int64_t value = 0;         // bytes from _text; of an absolute one: the value itself
    bool is_absolute = false;  // per-CPU variables (their offset in the per-CPU area), on x86-64
    uint64_t room = 0;         // bytes up to the next symbol; 0: not known

    bool operator==(const LayoutSymbol&) const = default;
};

struct Layout {
    KernelIdentity kernel;
    std::map<std::string, LayoutStruct> structs;
    std::map<std::string, LayoutEnum> enums;
    std::map<std::string, LayoutConstant> constants;
    std::map<std::string, LayoutSymbol> symbols;

    bool operator==(const Layout&) const = default;
};

}  // namespace defib::layouts

#endif
