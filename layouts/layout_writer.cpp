// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <vector>

#include "layouts/kind_names.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

// Text of JSON, one value after the other; it knows where commas belong.
class Writer {
  public:
    std::string take() && { return std::move(text_); }

    void open(char bracket) {
        separate();
        text_ += bracket;
        is_first_ = true;
    }
    void close(char bracket) {
        text_ += bracket;
        is_first_ = false;
    }
    void line() { is_line_due_ = true; }
    void end_line() { text_ += '\n'; }

    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ':';
        is_first_ = true;
    }
    void value(std::string_view text) {
        separate();
        quote(text);
    }
    void value(bool is_true) {
        separate();
        text_ += is_true ? "true" : "false";
    }
    void value(int64_t number) { print(number); }
    void value(uint64_t number) { print(number); }

    template <class T>
    void entry(std::string_view name, T content) {
        key(name);
        value(content);
    }

  private:
    void separate() {
        if (!is_first_) text_ += ',';
        if (is_line_due_) text_ += '\n';
        is_first_ = false;
        is_line_due_ = false;
    }

    template <class T>
    void print(T number) {
        separate();
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        text_.append(digits.data(), end);
    }

    // A layout's text is ASCII. A banner read from a damaged memory image may not be; it becomes
    // valid JSON all the same.
    void quote(std::string_view text) {
        constexpr std::string_view HEX = "0123456789abcdef";
        text_ += '"';
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || byte >= 0x7f) {
                text_ += "\\u00";
                text_ += HEX[byte >> 4];
                text_ += HEX[byte & 15];
                continue;
            }
            if (c == '"' || c == '\\') text_ += '\\';
            text_ += c;
        }
        text_ += '"';
    }

    std::string text_;
    bool is_first_ = true;
    bool is_line_due_ = false;
};

void write_kernel(Writer& out, const KernelIdentity& kernel) {
    const auto text = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) out.entry(name, std::string_view(value));
    };
    const auto flag = [&](std::string_view name, std::optional<bool> value) {
        if (value) out.entry(name, *value);
    };
    out.line();
    out.key("kernel");
    out.open('{');
    text("architecture", kernel.architecture);
    text("release", kernel.release);
    text("banner", kernel.banner);
    text("build_id", kernel.build_id);
    text("btf_digest", kernel.btf_digest);
    flag("smp", kernel.smp);
    flag("preempt_rt", kernel.preempt_rt);
    flag("randstruct", kernel.randstruct);
    if (!kernel.page_table_levels.empty()) {
        out.key("page_table_levels");
        out.open('[');
        for (const int levels : kernel.page_table_levels) out.value(int64_t{levels});
        out.close(']');
    }
    out.close('}');
}

void write_member(Writer& out, const LayoutMember& member) {
    out.line();
    out.key(member.name);
    out.open('{');
    out.entry("offset", member.offset);
    out.entry("size", member.size);
    if (member.kind != MemberKind::integer) out.entry("kind", kind_name(member.kind));
    if (member.is_signed) out.entry("signed", true);
    if (member.bit_size != 0) {
        out.entry("bit_offset", uint64_t{member.bit_offset});
        out.entry("bit_size", uint64_t{member.bit_size});
    }
    if (!member.array.empty()) {
        out.key("array");
        out.open('[');
        for (const uint64_t dimension : member.array) out.value(dimension);
        out.close(']');
    }
    if (member.type != member.target) out.entry("type", std::string_view(member.type));
    if (!member.target.empty()) out.entry("target", std::string_view(member.target));
    if (member.depth > 1) out.entry("depth", uint64_t{member.depth});
    if (member.is_shared) out.entry("shared", true);
    out.close('}');
}

void write_structs(Writer& out, const Layout& layout) {
    out.line();
    out.key("structs");
    out.open('{');
    for (const auto& [name, structure] : layout.structs) {
        out.line();
        out.key(name);
        out.open('{');
        out.entry("size", structure.size);
        if (structure.is_union) out.entry("union", true);
        if (structure.is_partial) out.entry("partial", true);
        out.key("members");
        out.open('{');
        for (const LayoutMember& member : structure.members) write_member(out, member);
        out.close('}');
        out.close('}');
    }
    out.close('}');
}

void write_enums(Writer& out, const Layout& layout) {
    out.line();
    out.key("enums");
    out.open('{');
    for (const auto& [name, enumeration] : layout.enums) {
        out.line();
        out.key(name);
        out.open('{');
        out.entry("size", enumeration.size);
        if (enumeration.is_signed) out.entry("signed", true);
        out.key("values");
        out.open('{');
        for (const auto& [value_name, value] : enumeration.values) {
            out.key(value_name);
            if (enumeration.is_signed) {
                out.value(value);
            } else {
                out.value(static_cast<uint64_t>(value));
            }
        }
        out.close('}');
        out.close('}');
    }
    out.close('}');
}

// By source, because most share a few.
void write_constants(Writer& out, const Layout& layout) {
    std::map<std::string_view, std::vector<std::pair<std::string_view, int64_t>>> by_source;
    for (const auto& [name, constant] : layout.constants) {
        by_source[constant.source].emplace_back(name, constant.value);
    }
    out.line();
    out.key("constants");
    out.open('{');
    for (const auto& [source, constants] : by_source) {
        out.line();
        out.key(source);
        out.open('{');
        for (const auto& [name, value] : constants) out.entry(name, value);
        out.close('}');
    }
    out.close('}');
}

void write_symbols_that(Writer& out, const Layout& layout, bool are_absolute) {
    out.open('{');
    for (const auto& [name, symbol] : layout.symbols) {
        if (symbol.is_absolute != are_absolute) continue;
        out.line();
        out.entry(name, symbol.value);
    }
    out.close('}');
}

void write_rooms(Writer& out, const Layout& layout) {
    const auto has_room = [](const auto& entry) { return entry.second.room != 0; };
    if (std::ranges::none_of(layout.symbols, has_room)) return;
    out.line();
    out.key("room");
    out.open('{');
    for (const auto& [name, symbol] : layout.symbols) {
        if (symbol.room == 0) continue;
        out.line();
        out.entry(name, static_cast<int64_t>(symbol.room));
    }
    out.close('}');
}

void write_symbols(Writer& out, const Layout& layout) {
    out.line();
    out.key("symbols");
    out.open('{');
    out.line();
    out.key("offset");
    write_symbols_that(out, layout, false);
    out.line();
    out.key("absolute");
    write_symbols_that(out, layout, true);
    write_rooms(out, layout);
    out.close('}');
}

}  // namespace

std::string to_json(const Layout& layout) {
    Writer out;
    out.open('{');
    out.line();
    out.entry("schema", int64_t{LAYOUT_SCHEMA_VERSION});
    write_kernel(out, layout.kernel);
    write_structs(out, layout);
    write_enums(out, layout);
    write_constants(out, layout);
    write_symbols(out, layout);
    out.close('}');
    out.end_line();
    return std::move(out).take();
}

}  // namespace defib::layouts
