// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Little-endian loads from untrusted bytes. Nothing here can read outside its span: a caller either
// checks with holds() first, or takes the zero that load() gives beyond the end.
#ifndef DEFIB_LAYOUTS_ARTEFACT_BYTE_READER_H
#define DEFIB_LAYOUTS_ARTEFACT_BYTE_READER_H

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "engine/base/file.h"

namespace defib::layouts {

// Is [offset, offset + length) inside? Safe for any pair of values.
inline bool holds(Bytes bytes, uint64_t offset, uint64_t length) {
    return offset <= bytes.size() && length <= bytes.size() - offset;
}

template <class T>
T load(Bytes bytes, uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (holds(bytes, offset, sizeof(T))) std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

inline uint8_t load8(Bytes bytes, uint64_t offset) {
    return load<uint8_t>(bytes, offset);
}
inline uint16_t load16(Bytes bytes, uint64_t offset) {
    return load<uint16_t>(bytes, offset);
}
inline uint32_t load32(Bytes bytes, uint64_t offset) {
    return load<uint32_t>(bytes, offset);
}
inline uint64_t load64(Bytes bytes, uint64_t offset) {
    return load<uint64_t>(bytes, offset);
}

// The span, or as much of it as there is.
inline Bytes slice(Bytes bytes, uint64_t offset, uint64_t length = UINT64_MAX) {
    if (offset >= bytes.size()) return {};
    const uint64_t rest = bytes.size() - offset;
    return bytes.subspan(offset, length < rest ? length : rest);
}

inline bool starts_with(Bytes bytes, std::string_view magic) {
    return as_text(bytes).starts_with(magic);
}

// The text from `offset` to its NUL, or to the end.
inline std::string_view text_at(Bytes bytes, uint64_t offset) {
    const std::string_view rest = as_text(slice(bytes, offset));
    return rest.substr(0, rest.find('\0'));
}

// Alignments are powers of two.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace defib::layouts

#endif
