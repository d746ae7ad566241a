// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// dpkg-deb writes GNU tar: ustar headers, sizes in octal or (over 8 GiB) base 256, and names over
// 100 characters in an entry of their own, type 'L', before the entry that they belong to. pax
// headers ('x') may carry a path too.
#include "layouts/artefact/tar_stream.h"

#include <algorithm>
#include <array>
#include <optional>

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

constexpr uint64_t BLOCK = 512;
constexpr uint64_t MOST_NAME_BYTES = uint64_t{64} << 10;
constexpr uint64_t MOST_ENTRY_BYTES = uint64_t{1} << 40;

std::string_view field(Bytes header, uint64_t offset, uint64_t length) {
    const std::string_view text = as_text(header.subspan(offset, length));
    return text.substr(0, text.find('\0'));
}

std::optional<uint64_t> number(Bytes header, uint64_t offset, uint64_t length) {
    const Bytes bytes = header.subspan(offset, length);
    uint64_t value = 0;
    if (std::to_integer<unsigned>(bytes[0]) == 0x80) {
        for (const std::byte b : bytes.subspan(1)) {
            if (value >> 56 != 0) return std::nullopt;
            value = value << 8 | std::to_integer<uint64_t>(b);
        }
        return value;
    }
    bool any = false;
    for (const char c : as_text(bytes)) {
        if (c == ' ' && !any) continue;
        if (c == '\0' || c == ' ') break;
        if (c < '0' || c > '7') return std::nullopt;
        value = value << 3 | static_cast<uint64_t>(c - '0');
        any = true;
    }
    return value;
}

bool checksum_matches(Bytes header) {
    constexpr uint64_t AT = 148;
    constexpr uint64_t LENGTH = 8;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < BLOCK; ++i) {
        sum += i >= AT && i < AT + LENGTH ? ' ' : load8(header, i);
    }
    return number(header, AT, LENGTH) == sum;
}

// "27 path=usr/lib/...\n": the value of the path, if there is one.
std::optional<std::string> pax_path(std::string_view records) {
    constexpr std::string_view KEY = " path=";
    const size_t at = records.find(KEY);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = records.substr(at + KEY.size());
    return std::string(rest.substr(0, rest.find('\n')));
}

}  // namespace

Result<void> TarStream::fill(std::span<std::byte> into) {
    while (!into.empty()) {
        const auto n = source_.read(into);
        if (!n) return std::unexpected(n.error());
        if (*n == 0) {
            return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, object_, "its archive ends within a file",
                        "fetch it again");
        }
        into = into.subspan(*n);
    }
    return {};
}

Result<void> TarStream::skip(uint64_t length) {
    std::vector<std::byte> sink(std::min<uint64_t>(length, 256U << 10));
    while (length > 0) {
        const uint64_t n = std::min<uint64_t>(length, sink.size());
        if (auto done = fill(std::span(sink).first(n)); !done) return done;
        length -= n;
    }
    return {};
}

Result<std::string> TarStream::long_name(uint64_t size) {
    content_left_ = size;
    padding_left_ = align_up(size, BLOCK) - size;
    const auto bytes = content(MOST_NAME_BYTES);
    if (!bytes) return std::unexpected(bytes.error());
    if (auto skipped = skip(std::exchange(padding_left_, 0)); !skipped) {
        return std::unexpected(skipped.error());
    }
    return std::string(as_text(*bytes));
}

Result<TarEntry> TarStream::next() {
    const uint64_t left = std::exchange(content_left_, 0) + std::exchange(padding_left_, 0);
    if (auto skipped = skip(left); !skipped) return std::unexpected(skipped.error());
    std::optional<std::string> given_name;
    while (true) {
        std::array<std::byte, BLOCK> block{};
        if (auto got = fill(block); !got) return std::unexpected(got.error());
        const Bytes header(block);
        if (std::ranges::all_of(header, [](std::byte b) { return b == std::byte{0}; })) {
            return TarEntry{{}, '\0', 0};
        }
        const auto size = number(header, 124, 12);
        if (!checksum_matches(header) || !size || *size > MOST_ENTRY_BYTES) {
            return fail(DEFIB_ERROR_LAYOUT_MALFORMED, object_, "its archive has a broken header",
                        "fetch it again");
        }
        const char type = static_cast<char>(load8(header, 156));
        if (type == 'L' || type == 'x') {
            auto text = long_name(*size);
            if (!text) return std::unexpected(text.error());
            if (type == 'x') {
                given_name = pax_path(*text);
            } else {
                given_name = text->substr(0, text->find('\0'));
            }
            continue;
        }
        TarEntry entry;
        if (given_name) {
            entry.name = *given_name;
        } else {
            const std::string_view prefix =
                field(header, 257, 6) == "ustar" ? field(header, 345, 155) : std::string_view{};
            entry.name = std::string(prefix) + (prefix.empty() ? "" : "/");
            entry.name += field(header, 0, 100);
        }
        if (entry.name.starts_with("./")) entry.name.erase(0, 2);
        entry.type = type == '\0' ? '0' : type;
        entry.size = *size;
        content_left_ = *size;
        padding_left_ = align_up(*size, BLOCK) - *size;
        return entry;
    }
}

Result<std::vector<std::byte>> TarStream::content(uint64_t limit) {
    if (content_left_ > limit) {
        return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, object_,
                    "a file of " + std::to_string(content_left_ >> 20) + " MiB in it");
    }
    // Grown as the bytes come: a header may promise what the archive does not hold.
    std::vector<std::byte> bytes;
    bytes.reserve(std::min<uint64_t>(content_left_, uint64_t{1} << 30));
    while (content_left_ > 0) {
        const uint64_t have = bytes.size();
        bytes.resize(have + std::min<uint64_t>(content_left_, uint64_t{16} << 20));
        if (auto got = fill(std::span(bytes).subspan(have)); !got) {
            return std::unexpected(got.error());
        }
        content_left_ -= bytes.size() - have;
    }
    return bytes;
}

}  // namespace defib::layouts
