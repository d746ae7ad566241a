// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Volatility 3 finds its symbol file by the banner (the bytes of linux_banner, line end and NUL
// with it), and the kernel's place in memory by init_task; both are symbols here. Addresses are
// those that the kernel was linked for: Volatility subtracts what it finds.
//
// A member whose structure has no name is one field with a record of its own, "outer.member": a
// layout lists what is in it as "member.inner". Members of anonymous members are fields of the
// structure around them, as in a layout.
#include "layouts/isf.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "layouts/isf_types.h"

namespace defib::layouts {
namespace {

using nlohmann::json;

// Where _text is linked: arch/x86/kernel/vmlinux.lds.S with CONFIG_PHYSICAL_START's default;
// KIMAGE_VADDR of arch/arm64/include/asm/memory.h, 48 bits.
constexpr uint64_t X86_64_TEXT = 0xffffffff81000000;
constexpr uint64_t AARCH64_TEXT = 0xffff800080000000;

// Type information tells little of variables; these are the ones that Volatility's Linux plugins
// ask for by type (object_from_symbol).
struct VariableType {
    std::string_view symbol;
    const char* structure;
    bool is_pointer;
};
constexpr VariableType VARIABLES[] = {
    {"init_task", "task_struct", false},
    {"init_mm", "mm_struct", false},
    {"modules", "list_head", false},
    {"module_kset", "kset", true},
    {"net_namespace_list", "list_head", false},
    {"prb", "printk_ringbuffer", true},
    {"super_blocks", "list_head", false},
    {"tty_drivers", "list_head", false},
};

std::string base64(std::string_view bytes) {
    constexpr std::string_view DIGITS =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (j < group.size() ? static_cast<unsigned char>(group[j]) : 0);
        }
        for (size_t j = 0; j < 4; ++j) {
            text += j <= group.size() ? DIGITS[bits >> (18 - 6 * j) & 63] : '=';
        }
    }
    return text;
}

json metadata(const KernelIdentity& kernel) {
    json types = json::array();
    constexpr std::string_view algorithm = "sha256:";
    if (kernel.btf_digest.starts_with(algorithm)) {
        types.push_back({{"name", kernel.release},
                         {"hash_type", "sha256"},
                         {"hash_value", kernel.btf_digest.substr(algorithm.size())}});
    }
    return {{"format", "6.2.0"},
            {"producer", {{"name", "defib"}}},
            {"linux", {{"symbols", json::array()}, {"types", std::move(types)}}}};
}

class Exporter {
  public:
    Exporter(const Layout& layout, std::string_view object)
        : layout_(layout), object_(object), types_(layout) {}

    Result<std::string> run() {
        for (const auto& [name, structure] : layout_.structs) {
            if (auto added = add_record(name, structure); !added) {
                return std::unexpected(added.error());
            }
        }
        for (const auto& [name, enumeration] : layout_.enums) add_enum(name, enumeration);
        json symbols = json::object();
        for (const auto& [name, symbol] : layout_.symbols) symbols[name] = describe(name, symbol);
        user_types_.update(std::move(types_).take_opaque_records());
        const json file = {{"metadata", metadata(layout_.kernel)},
                           {"base_types", std::move(types_).take_base_types()},
                           {"user_types", std::move(user_types_)},
                           {"enums", std::move(enums_)},
                           {"symbols", std::move(symbols)}};
        return file.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
    }

  private:
    static bool is_nameless_record(const LayoutMember& member) {
        return member.target.empty() &&
               (member.kind == MemberKind::structure || member.kind == MemberKind::union_type);
    }

    static json empty_record(bool is_union, uint64_t size) {
        return {
            {"kind", is_union ? "union" : "struct"}, {"size", size}, {"fields", json::object()}};
    }

    Result<void> add_record(const std::string& name, const LayoutStruct& structure) {
        std::map<std::string_view, const LayoutMember*> nameless;
        user_types_[name] = empty_record(structure.is_union, structure.size);
        for (const LayoutMember& member : structure.members) {
            if (!is_nameless_record(member)) continue;
            nameless.emplace(member.name, &member);
            user_types_[name + "." + member.name] = empty_record(
                member.kind == MemberKind::union_type, element_size(member).value_or(0));
        }
        for (const LayoutMember& member : structure.members) {
            const size_t dot = member.name.rfind('.');
            const auto outer = dot == std::string::npos
                                   ? nameless.end()
                                   : nameless.find(std::string_view(member.name).substr(0, dot));
            const std::string own_record = name + "." + member.name;
            json field = {{"offset", member.offset}, {"type", types_.describe(member, own_record)}};
            if (outer == nameless.end()) {
                user_types_[name]["fields"][member.name] = std::move(field);
                continue;
            }
            const LayoutMember& around = *outer->second;
            if (member.offset < around.offset) {
                return fail(
                    DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                    fmt::format("struct {}: {} lies before {}", name, member.name, around.name),
                    "make the layout again");
            }
            field["offset"] = member.offset - around.offset;
            user_types_[name + "." + around.name]["fields"][member.name.substr(dot + 1)] =
                std::move(field);
        }
        return {};
    }

    void add_enum(const std::string& name, const LayoutEnum& enumeration) {
        json constants = json::object();
        for (const auto& [value_name, value] : enumeration.values) {
            if (enumeration.is_signed) {
                constants[value_name] = value;
            } else {
                constants[value_name] = static_cast<uint64_t>(value);
            }
        }
        enums_[name] = {{"size", enumeration.size},
                        {"base", types_.integer_name(enumeration.size, enumeration.is_signed)},
                        {"constants", std::move(constants)}};
    }

    json describe(const std::string& name, const LayoutSymbol& symbol) const {
        const uint64_t text = layout_.kernel.architecture == "aarch64" ? AARCH64_TEXT : X86_64_TEXT;
        const auto value = static_cast<uint64_t>(symbol.value);
        json described = {{"address", symbol.is_absolute ? value : text + value}};
        if (name == "linux_banner" && !layout_.kernel.banner.empty()) {
            described["constant_data"] = base64(layout_.kernel.banner + '\n' + '\0');
        }
        const auto* variable = std::ranges::find(VARIABLES, name, &VariableType::symbol);
        if (variable == std::end(VARIABLES)) return described;
        if (!layout_.structs.contains(variable->structure)) return described;
        json type = {{"kind", "struct"}, {"name", variable->structure}};
        if (variable->is_pointer) type = {{"kind", "pointer"}, {"subtype", std::move(type)}};
        described["type"] = std::move(type);
        return described;
    }

    const Layout& layout_;
    std::string_view object_;
    IsfTypes types_;
    json user_types_ = json::object();
    json enums_ = json::object();
};

}  // namespace

Result<std::string> to_isf(const Layout& layout, std::string_view object) {
    return Exporter(layout, object).run();
}

}  // namespace defib::layouts
