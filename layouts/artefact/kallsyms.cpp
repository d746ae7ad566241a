// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Finding the tables. Nothing points at them, so they are found by what cannot look otherwise:
//
//   1. Every digit occurs in kernel symbols, so the codes '0' to '9' stand for themselves in the
//      token table: ten strings of one character, each with its NUL, in a row (optimize_token_table
//      and insert_real_symbols_in_table in scripts/kallsyms.c). From there the end of the table
//      follows, at the next multiple of 8 the index of 256 offsets; only the true index agrees with
//      every one of the 256 strings.
//   2. kallsyms_num_syms and kallsyms_names come before the token table in every version: a count,
//      and that many names, each a length (one byte, from 6.1 on ULEB128 of one or two bytes:
//      commit 73bbb94466fd) and as many codes, each name beginning with the letter of its type;
//      then, at the next multiple of 8, the markers: the position of each 256th name. A false hit
//      fails within a few names; the markers settle the rest.
//   3. kallsyms_offsets lies before the count, followed by kallsyms_relative_base (up to 6.3), or
//      right after the token index (since 404bad70fcf7, "kallsyms: change the output order").
//      Symbols are sorted by address, so the right place is the one that is sorted.
//
// Values. With CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86-64 SMP up to 6.14) an offset >= 0 is an
// absolute value, a per-CPU variable's; a negative one means relative_base - 1 - offset. Without
// it, offsets are unsigned and count from relative_base (kallsyms_sym_address in
// kernel/kallsyms.c). A kernel is smaller than 2 GiB, so one negative offset tells the two apart.
#include "layouts/artefact/kallsyms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

constexpr uint32_t LEAST_SYMBOLS = 256;
constexpr uint32_t MOST_SYMBOLS = 4U << 20;  // allyesconfig has under a million
constexpr uint64_t MOST_NAMES_BYTES = uint64_t{64} << 20;
constexpr size_t MOST_NAME_LENGTH = 2048;  // KSYM_NAME_LEN is 512
constexpr size_t TOKENS = 256;
constexpr size_t TOKEN_INDEX_BYTES = TOKENS * sizeof(uint16_t);

class Tokens {
  public:
    // False: not a token table.
    bool parse(Bytes table, Bytes index) {
        if (index.size() < TOKEN_INDEX_BYTES) return false;
        for (size_t i = 0; i < TOKENS; ++i) {
            const uint16_t at = load16(index, 2 * i);
            if (at >= table.size()) return false;
            tokens_[i] = text_at(table, at);
            if (at + tokens_[i].size() >= table.size()) return false;  // no NUL
        }
        return true;
    }
    std::string_view operator[](uint8_t code) const { return tokens_[code]; }

  private:
    std::array<std::string_view, TOKENS> tokens_;
};

// One entry of kallsyms_names. False: it lies outside, or is empty.
bool next_name(Bytes names, uint64_t& at, Bytes& codes) {
    uint64_t length = load8(names, at++);
    if (length & 0x80) length = (length & 0x7f) | (uint64_t{load8(names, at++)} << 7);
    if (length == 0 || !holds(names, at, length)) return false;
    codes = names.subspan(at, length);
    at += length;
    return true;
}

bool is_type_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '?';
}

struct TokenPlace {
    uint64_t table = 0;
    uint64_t index = 0;
};

// Does the index at `index` describe consecutive strings from `table` on, up to `end`?
bool is_token_index(Bytes image, uint64_t table, uint64_t index, uint64_t end) {
    if (!holds(image, index, TOKEN_INDEX_BYTES)) return false;
    uint64_t at = 0;
    for (size_t i = 0; i < TOKENS; ++i) {
        if (load16(image, index + 2 * i) != at) return false;
        if (table + at >= end) return false;
        at += text_at(image, table + at).size() + 1;
    }
    return table + at == end;
}

std::optional<TokenPlace> next_token_table(Bytes image, size_t& from) {
    static constexpr char DIGIT_BYTES[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    const std::string_view digits(DIGIT_BYTES, sizeof DIGIT_BYTES);
    const std::string_view text = as_text(image);
    while (true) {
        const size_t hit = text.find(digits, from);
        if (hit == std::string_view::npos) return std::nullopt;
        from = hit + 1;
        uint64_t end = hit;
        for (size_t code = '0'; code < TOKENS && end < image.size(); ++code) {
            end = end + text_at(image, end).size() + 1;
        }
        for (const uint64_t alignment : {uint64_t{8}, uint64_t{4}}) {
            const uint64_t index = align_up(end, alignment);
            const uint64_t before = load16(image, index + 2 * size_t{'0'});
            if (before > hit || !is_token_index(image, hit - before, index, end)) continue;
            return TokenPlace{hit - before, index};
        }
    }
}

// The end of `count` names that start here, or 0 if these are no names.
uint64_t end_of_names(Bytes image, uint64_t start, uint64_t limit, uint32_t count,
                      const Tokens& tokens) {
    const Bytes names = image.first(limit);
    uint64_t at = start;
    Bytes codes;
    for (uint32_t i = 0; i < count; ++i) {
        if (!next_name(names, at, codes)) return 0;
        const std::string_view first = tokens[load8(codes, 0)];
        if (first.empty() || !is_type_letter(first[0])) return 0;
    }
    return at;
}

bool markers_agree(Bytes image, uint64_t start, uint64_t markers, uint32_t count) {
    uint64_t at = start;
    Bytes codes;
    for (uint32_t i = 0; i < count; ++i) {
        if (i % 256 == 0 && load32(image, markers + 4 * uint64_t{i / 256}) != at - start) {
            return false;
        }
        if (!next_name(image, at, codes)) return false;
    }
    return true;
}

struct NamesPlace {
    uint64_t count_at = 0;
    uint64_t names = 0;
    uint32_t count = 0;
};

std::optional<NamesPlace> find_names(Bytes image, uint64_t before, const Tokens& tokens) {
    const uint64_t first = before > MOST_NAMES_BYTES ? before - MOST_NAMES_BYTES : 0;
    for (uint64_t at = align_up(first, 8); at + 8 < before; at += 8) {
        const uint64_t count = load64(image, at);  // the upper half is padding, zero
        if (count < LEAST_SYMBOLS || count > MOST_SYMBOLS) continue;
        const NamesPlace place{at, at + 8, static_cast<uint32_t>(count)};
        const uint64_t end = end_of_names(image, place.names, before, place.count, tokens);
        if (end != 0 && markers_agree(image, place.names, align_up(end, 8), place.count)) {
            return place;
        }
    }
    return std::nullopt;
}

uint64_t value_of(int32_t offset, uint64_t base, bool has_absolute) {
    if (!has_absolute) return base + static_cast<uint32_t>(offset);
    if (offset >= 0) return static_cast<uint64_t>(offset);
    return base - 1 - static_cast<uint64_t>(int64_t{offset});
}

bool has_absolute_values(Bytes offsets, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        if (load<int32_t>(offsets, 4 * uint64_t{i}) < 0) return true;
    }
    return false;
}

// Linux on 64 bits runs in the upper half.
bool is_kernel_address(uint64_t address) {
    return address >> 47 == 0x1ffff;
}

bool is_sorted(Bytes offsets, uint32_t count, uint64_t base) {
    if (!is_kernel_address(base) || offsets.size() < 4 * uint64_t{count}) return false;
    const bool has_absolute = has_absolute_values(offsets, count);
    uint64_t last = 0;
    uint64_t distinct = 0;
    for (uint32_t i = 0; i < count; ++i) {
        const uint64_t value =
            value_of(load<int32_t>(offsets, 4 * uint64_t{i}), base, has_absolute);
        if (value < last) return false;
        distinct += value > last ? 1 : 0;
        last = value;
    }
    return distinct > count / 4;  // padding is sorted too
}

}  // namespace

Result<KallsymsTables> find_kallsyms(Bytes image, std::string_view object) {
    size_t from = 0;
    while (const auto place = next_token_table(image, from)) {
        KallsymsTables tables;
        tables.token_table = slice(image, place->table);
        tables.token_index = slice(image, place->index);
        Tokens tokens;
        if (!tokens.parse(tables.token_table, tables.token_index)) continue;
        const auto names = find_names(image, place->table, tokens);
        if (!names) continue;
        tables.count = names->count;
        tables.names = slice(image, names->names);

        const uint64_t length = align_up(4 * uint64_t{names->count}, 8);
        const uint64_t after = place->index + TOKEN_INDEX_BYTES;
        tables.offsets = slice(image, after);
        tables.relative_base = load64(image, after + length);
        if (is_sorted(tables.offsets, tables.count, tables.relative_base)) return tables;
        if (names->count_at < length + 8) continue;
        tables.offsets = slice(image, names->count_at - 8 - length);
        tables.relative_base = load64(image, names->count_at - 8);
        if (is_sorted(tables.offsets, tables.count, tables.relative_base)) return tables;
    }
    return fail(DEFIB_ERROR_LAYOUT_NO_SYMBOLS, std::string(object),
                "no kallsyms tables of a known format in it");
}

std::string symbol_at(const KallsymsTables& tables, uint64_t address) {
    Tokens tokens;
    if (!tokens.parse(tables.token_table, tables.token_index)) return {};
    if (tables.count > MOST_SYMBOLS) return {};
    if (!is_sorted(tables.offsets, tables.count, tables.relative_base)) return {};
    const bool has_absolute = has_absolute_values(tables.offsets, tables.count);
    const auto value = [&](uint32_t i) {
        return value_of(load<int32_t>(tables.offsets, 4 * uint64_t{i}), tables.relative_base,
                        has_absolute);
    };
    uint32_t behind = 0;  // the first one that begins after it
    while (behind < tables.count && value(behind) <= address) ++behind;
    // Below the image there are no symbols but per-CPU variables', whose values are no addresses.
    if (address < tables.relative_base || behind == 0 || behind == tables.count) return {};
    const uint64_t offset = address - value(behind - 1);
    uint64_t at = 0;
    Bytes codes;
    for (uint32_t i = 0; i < behind; ++i) {
        if (!next_name(tables.names, at, codes)) return {};
    }
    std::string name;
    for (const std::byte code : codes) name += tokens[std::to_integer<uint8_t>(code)];
    if (name.size() < 2 || name.size() > MOST_NAME_LENGTH) return {};
    name.erase(0, 1);  // nm's letter
    return offset == 0 ? name : fmt::format("{}+{:#x}", name, offset);
}

Result<Kallsyms> decode_kallsyms(const KallsymsTables& tables, std::string_view object) {
    const auto malformed = [&](const char* what) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object),
                    std::string("kallsyms: ") + what);
    };
    Tokens tokens;
    if (!tokens.parse(tables.token_table, tables.token_index)) return malformed("bad token table");
    if (tables.count > MOST_SYMBOLS) return malformed("more symbols than any kernel has");
    if (tables.offsets.size() < 4 * uint64_t{tables.count}) return malformed("too few offsets");
    const bool has_absolute = has_absolute_values(tables.offsets, tables.count);

    SymbolTableBuilder builder;
    builder.reserve(tables.count);
    std::optional<uint64_t> text;
    uint64_t at = 0;
    Bytes codes;
    std::string name;
    for (uint32_t i = 0; i < tables.count; ++i) {
        if (!next_name(tables.names, at, codes)) return malformed("a name ends outside its table");
        name.clear();
        for (const std::byte code : codes) name += tokens[std::to_integer<uint8_t>(code)];
        if (name.size() < 2 || name.size() > MOST_NAME_LENGTH) return malformed("bad name");
        const auto offset = load<int32_t>(tables.offsets, 4 * uint64_t{i});
        const uint64_t value = value_of(offset, tables.relative_base, has_absolute);
        const char letter = name[0];
        const std::string_view plain = std::string_view(name).substr(1);
        if (plain == "_text" && !text) text = value;
        // nm's letters: capitals are global; weak ones have no local form.
        const bool is_global = (letter >= 'A' && letter <= 'Z') || letter == 'w' || letter == 'v';
        const bool is_absolute = has_absolute && offset >= 0;
        builder.add(plain, value, is_absolute ? SymbolBase::absolute : SymbolBase::text,
                    is_global ? SymbolScope::global : SymbolScope::local);
    }
    if (!text) return malformed("no _text among the symbols");
    return Kallsyms{std::move(builder).finish(*text), *text};
}

}  // namespace defib::layouts
