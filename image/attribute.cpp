// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/attribute.h"

#include <algorithm>
#include <array>

#include "image/target_id.h"
#include "signing/bytes.h"

namespace defib::image {
namespace {

using signing::ByteReader;
using signing::ByteWriter;

std::unexpected<Error> malformed(const std::string& object, std::string detail) {
    return fail(DEFIB_ERROR_IMAGE_MALFORMED, object, std::move(detail));
}

bool is_version(std::string_view text) {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-~";
    return !text.empty() && text.size() <= MOST_VERSION_BYTES &&
           text.find_first_not_of(allowed) == std::string_view::npos;
}

// One attribute into its field; false if the value is not of its form.
bool take(Attributes& out, AttributeType type, Bytes value) {
    ByteReader reader(value);
    const auto number = [&](uint64_t& field) {
        field = reader.u64();
        return reader.is_whole() && reader.rest().empty();
    };
    switch (type) {
        case AttributeType::version:
            out.version = as_text(value);
            return is_version(out.version);
        case AttributeType::security_counter:
            return number(out.security_counter);
        case AttributeType::source_date:
            return number(out.source_date);
        case AttributeType::key_set:
            return number(out.key_set_version);
        case AttributeType::target: {
            TargetPattern pattern;
            return read_target(as_text(value), pattern) && out.targets.push_back(as_text(value));
        }
    }
    return false;
}

// As FORMAT.md names them, and with what they look like.
constexpr std::array<std::string_view, uint16_t(AttributeType::target) + 1> NAMES = {
    "",
    "version (1 to 32 of A-Z a-z 0-9 . + - ~)",
    "security counter",
    "source date",
    "key set",
    "target (vendor/model/board)"};

// FORMAT.md's table: the numbers from 1 to 5, and nothing else.
bool is_known(uint16_t type) {
    return type >= uint16_t(AttributeType::version) && type <= uint16_t(AttributeType::target);
}

}  // namespace

Result<Attributes> read_attributes(Bytes bytes, const std::string& object) {
    Attributes out;
    std::array<uint32_t, uint16_t(AttributeType::target) + 1> seen{};
    ByteReader reader(bytes);
    uint16_t last_type = 0;
    std::string_view last_value;
    while (reader.rest().size() >= 4) {
        const uint16_t type = reader.u16();
        const uint16_t size = reader.u16();
        if (type == 0 && size == 0) {
            // The padding: what is left of it, and less than an attribute's worth of all.
            if (reader.rest().size() >= ATTRIBUTE_ALIGNMENT - 4 ||
                !reader.take_zeros(reader.rest().size())) {
                return malformed(object, "more padding than its attributes need");
            }
            break;
        }
        if (!is_known(type)) {
            return fail(DEFIB_ERROR_IMAGE_UNKNOWN_ATTRIBUTE, object, "type " + std::to_string(type),
                        "it needs a newer defib");
        }
        const Bytes value = reader.take(size);
        const bool is_in_order = type > last_type || (type == uint16_t(AttributeType::target) &&
                                                      as_text(value) > last_value);
        if (!reader.is_whole() || !is_in_order || !take(out, AttributeType(type), value)) {
            return malformed(object, "attribute " + std::string(NAMES[type]) +
                                         " is cut off, out of order or not of its form");
        }
        ++seen[type];
        last_type = type;
        last_value = as_text(value);
    }
    if (!reader.take_zeros(reader.rest().size())) return malformed(object, "padding that is none");
    for (size_t type = 1; type < seen.size(); ++type) {
        if (seen[type] == 0) {
            return fail(DEFIB_ERROR_IMAGE_INCOMPLETE, object,
                        "attribute " + std::string(NAMES[type]) + " is missing");
        }
    }
    return out;
}

Result<std::string> write_attributes(Attributes attributes, const std::string& object) {
    // Sizes are written in 16 bits; what would not fit there must not come out as something
    // shorter.
    constexpr size_t MOST_VALUE_BYTES = 1024;
    const auto is_long = [](std::string_view value) { return value.size() > MOST_VALUE_BYTES; };
    if (is_long(attributes.version) || std::ranges::any_of(attributes.targets, is_long)) {
        return malformed(object, "an attribute is longer than any");
    }
    ByteWriter writer;
    const auto text = [&](AttributeType type, std::string_view value) {
        writer.u16(uint16_t(type));
        writer.u16(uint16_t(value.size()));
        writer.text(value);
    };
    const auto number = [&](AttributeType type, uint64_t value) {
        writer.u16(uint16_t(type));
        writer.u16(sizeof value);
        writer.u64(value);
    };
    std::ranges::sort(attributes.targets);
    text(AttributeType::version, attributes.version);
    number(AttributeType::security_counter, attributes.security_counter);
    number(AttributeType::source_date, attributes.source_date);
    number(AttributeType::key_set, attributes.key_set_version);
    for (const std::string_view target : attributes.targets) text(AttributeType::target, target);
    writer.align(ATTRIBUTE_ALIGNMENT);
    std::string out = writer.take();
    if (auto read = read_attributes(as_bytes(out), object); !read) {
        return std::unexpected(read.error());
    }
    return out;
}

}  // namespace defib::image
