// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What an image says about itself, under its signature. FORMAT.md lists them.
#ifndef DEFIB_IMAGE_ATTRIBUTE_H
#define DEFIB_IMAGE_ATTRIBUTE_H

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "image/format.h"
#include "signing/bounded_list.h"

namespace defib::image {

enum class AttributeType : uint16_t {
    version = 1,
    security_counter = 2,
    source_date = 3,
    key_set = 4,
    target = 5,
};

// Texts point into the bytes it was read from.
struct Attributes {
    std::string_view version;
    uint64_t security_counter = 0;
    uint64_t source_date = 0;
    uint64_t key_set_version = 0;
    signing::BoundedList<std::string_view, MOST_TARGETS> targets;
};

Result<Attributes> read_attributes(Bytes bytes, const std::string& object);

// Sorts the targets, checks what read_attributes would check, and writes.
Result<std::string> write_attributes(Attributes attributes, const std::string& object);

}  // namespace defib::image

#endif
