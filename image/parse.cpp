// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/parse.h"

#include <algorithm>
#include <tuple>

#include "image/format.h"
#include "signing/bytes.h"

namespace defib::image {
namespace {

using signing::ByteReader;

struct Header {
    uint32_t attribute_bytes;
    uint32_t part_count;
    uint32_t head_bytes;
    uint64_t body_bytes;
};

std::unexpected<Error> malformed(const std::string& object, std::string detail) {
    return fail(DEFIB_ERROR_IMAGE_MALFORMED, object, std::move(detail));
}

Result<Header> read_header(Bytes file, const std::string& object) {
    ByteReader reader(file);
    if (as_text(reader.take(MAGIC.size())) != MAGIC) {
        return fail(DEFIB_ERROR_IMAGE_NOT_AN_IMAGE, object);
    }
    if (const uint32_t format = reader.u32(); reader.is_whole() && format != FORMAT) {
        return fail(DEFIB_ERROR_IMAGE_UNSUPPORTED, object, "format " + std::to_string(format));
    }
    Header header{};
    header.attribute_bytes = reader.u32();
    header.part_count = reader.u32();
    header.head_bytes = reader.u32();
    header.body_bytes = reader.u64();
    const bool is_padded = reader.take_zeros(HEADER_BYTES - 32);
    if (!reader.is_whole()) return fail(DEFIB_ERROR_IMAGE_TRUNCATED, object, "in its header");
    if (!is_padded) return malformed(object, "its header has something where zeros belong");
    if (header.attribute_bytes > MOST_HEAD_BYTES ||
        header.attribute_bytes % ATTRIBUTE_ALIGNMENT != 0 || header.part_count == 0 ||
        header.part_count > MOST_PARTS) {
        return malformed(object, "its header has sizes that no image has");
    }
    const uint64_t head = align(
        HEADER_BYTES + header.attribute_bytes + header.part_count * PART_ENTRY_BYTES, ALIGNMENT);
    if (header.head_bytes != head || head > MOST_HEAD_BYTES || header.body_bytes < head ||
        header.body_bytes % ALIGNMENT != 0 || header.body_bytes > MOST_IMAGE_BYTES) {
        return malformed(object, "the sizes in its header contradict each other");
    }
    if (header.body_bytes > file.size()) {
        return fail(DEFIB_ERROR_IMAGE_TRUNCATED, object,
                    std::to_string(file.size()) + " bytes, and more than " +
                        std::to_string(header.body_bytes) + " are announced",
                    "fetch it again");
    }
    return header;
}

bool is_free_of_text(Bytes name) {
    return std::ranges::all_of(name, [](std::byte b) { return b == std::byte{0}; });
}

// One entry of the table, and the part it speaks of, which has to start at `expected_offset`.
Result<PartView> read_part(ByteReader& table, Bytes body, uint64_t expected_offset,
                           const std::string& object) {
    const uint32_t type = table.u32();
    const bool is_zero_before = table.take_zeros(4);
    const uint64_t offset = table.u64();
    const uint64_t size = table.u64();
    const Bytes name = table.take(PART_NAME_BYTES);
    PartView part;
    part.digest = table.take_array<32>();
    const bool is_zero_after = table.take_zeros(8);
    const PartKind* kind = find_kind(type);
    if (!kind) {
        return fail(DEFIB_ERROR_IMAGE_UNKNOWN_PART, object, "type " + std::to_string(type),
                    "it needs a newer defib");
    }
    part.type = kind->type;
    const bool is_named = kind->naming == Naming::named ? signing::read_text_field(name, part.name)
                                                        : is_free_of_text(name);
    if (!is_zero_before || !is_zero_after || !is_named) {
        return malformed(object, "the entry of a part, " + std::string(kind->name));
    }
    if (offset > expected_offset && offset <= body.size()) {
        return fail(DEFIB_ERROR_IMAGE_EXTRANEOUS, object,
                    std::to_string(offset - expected_offset) + " bytes before part " +
                        std::string(kind->name));
    }
    if (offset != expected_offset || size == 0 || size > body.size() - offset) {
        return malformed(object, "part " + std::string(kind->name) + " lies where it cannot");
    }
    part.content = body.subspan(offset, size);
    const uint64_t end = align(offset + size, ALIGNMENT);
    // The body's size is a multiple of the alignment, so `end` is inside it.
    if (!is_free_of_text(body.subspan(offset + size, end - offset - size))) {
        return fail(DEFIB_ERROR_IMAGE_EXTRANEOUS, object,
                    "in the padding of part " + std::string(kind->name));
    }
    return part;
}

Result<void> read_parts(ByteReader& table, const Header& header, ImageView& image,
                        const std::string& object) {
    uint64_t offset = header.head_bytes;
    for (uint32_t i = 0; i < header.part_count; ++i) {
        const auto part = read_part(table, image.body, offset, object);
        if (!part) return std::unexpected(part.error());
        if (!image.parts.empty()) {
            const PartView& last = image.parts[image.parts.size() - 1];
            if (std::tie(last.type, last.name) >= std::tie(part->type, part->name)) {
                return malformed(object, "its parts are out of order, or one is there twice");
            }
        }
        image.parts.push_back(*part);
        offset = align(offset + part->content.size(), ALIGNMENT);
    }
    if (offset != header.body_bytes) {
        return fail(DEFIB_ERROR_IMAGE_EXTRANEOUS, object,
                    std::to_string(header.body_bytes - offset) + " bytes after the last part");
    }
    return {};
}

}  // namespace

const PartView* ImageView::find(PartType type, std::string_view name) const {
    const auto* found = std::ranges::find_if(
        parts, [&](const PartView& part) { return part.type == type && part.name == name; });
    return found == parts.end() ? nullptr : found;
}

Result<ImageView> parse(Bytes file, const std::string& object) {
    if (file.size() > MOST_IMAGE_BYTES) {
        return fail(DEFIB_ERROR_IMAGE_ENDLESS, object);
    }
    const auto header = read_header(file, object);
    if (!header) return std::unexpected(header.error());
    ImageView image;
    image.head = file.first(header->head_bytes);
    image.body = file.first(header->body_bytes);
    ByteReader reader(image.head.subspan(HEADER_BYTES));
    const auto attributes = read_attributes(reader.take(header->attribute_bytes), object);
    if (!attributes) return std::unexpected(attributes.error());
    image.attributes = *attributes;
    if (auto read = read_parts(reader, *header, image, object); !read) {
        return std::unexpected(read.error());
    }
    if (!is_free_of_text(reader.rest())) return malformed(object, "the padding of its head");
    const auto is_engine = [](const PartView& part) {
        return part.type == PartType::engine_ptx || part.type == PartType::engine_x86_64;
    };
    if (!image.find(PartType::manifest) || std::ranges::none_of(image.parts, is_engine)) {
        return fail(DEFIB_ERROR_IMAGE_INCOMPLETE, object, "no engine, or no manifest");
    }
    for (const PartView& part : image.parts) {
        if (part.type != PartType::policy) continue;
        if (!image.find(PartType::policy_source) ||
            !image.find(PartType::layout_binding, part.name)) {
            return fail(DEFIB_ERROR_IMAGE_INCOMPLETE, object,
                        "a policy for " + std::string(part.name) +
                            ", and not its source and the binding of that name");
        }
    }
    constexpr signing::BlockErrors errors{.malformed = DEFIB_ERROR_IMAGE_MALFORMED,
                                          .truncated = DEFIB_ERROR_IMAGE_TRUNCATED,
                                          .extraneous = DEFIB_ERROR_IMAGE_EXTRANEOUS};
    const auto signatures =
        signing::read_signature_block(file.subspan(header->body_bytes), errors, object);
    if (!signatures) return std::unexpected(signatures.error());
    image.signatures = *signatures;
    return image;
}

signing::BytesToSign bytes_to_sign(const ImageView& image) {
    return signing::bytes_to_sign(SIGNING_CONTEXT, signing::digest(HEAD_PERSONAL, image.head));
}

}  // namespace defib::image
