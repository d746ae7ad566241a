// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// FORMAT.md as constants.
#ifndef DEFIB_IMAGE_FORMAT_H
#define DEFIB_IMAGE_FORMAT_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace defib::image {

inline constexpr std::string_view MAGIC = "DEFIBIMG";
inline constexpr uint32_t FORMAT = 1;
inline constexpr size_t HEADER_BYTES = 64;
inline constexpr size_t ATTRIBUTE_ALIGNMENT = 8;
inline constexpr size_t PART_ENTRY_BYTES = 128;
inline constexpr size_t PART_NAME_BYTES = 64;
inline constexpr size_t ALIGNMENT = 64;

inline constexpr size_t MOST_IMAGE_BYTES = size_t{64} << 20;
inline constexpr size_t MOST_HEAD_BYTES = size_t{64} << 10;
inline constexpr size_t MOST_PARTS = 256;
inline constexpr size_t MOST_TARGETS = 16;
inline constexpr size_t MOST_VERSION_BYTES = 32;

inline constexpr std::string_view HEAD_PERSONAL = "defib.image.1";
inline constexpr std::string_view PART_PERSONAL = "defib.part.1";
inline constexpr std::string_view SIGNING_CONTEXT = "defib image 1";

constexpr uint64_t align(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

}  // namespace defib::image

#endif
