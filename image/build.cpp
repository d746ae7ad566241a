// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/build.h"

#include <algorithm>
#include <tuple>

#include "image/format.h"
#include "signing/bytes.h"

namespace defib::image {
namespace {

using signing::ByteWriter;

Result<void> check_parts(const std::vector<PartSource>& parts, const std::string& object) {
    if (parts.empty() || parts.size() > MOST_PARTS) {
        return fail(DEFIB_ERROR_IMAGE_MALFORMED, object, "an image has 1 to 256 parts");
    }
    uint64_t total = 0;
    for (const PartSource& part : parts) {
        const PartKind& kind = *find_kind(uint32_t(part.type));
        const bool needs_name = kind.naming == Naming::named;
        if (needs_name == part.name.empty() || part.name.size() > PART_NAME_BYTES) {
            return fail(DEFIB_ERROR_BASE_USAGE, std::string(kind.name),
                        needs_name ? "a part of this type needs a name of at most 64 letters"
                                   : "a part of this type has no name");
        }
        if (part.content.empty()) {
            return fail(DEFIB_ERROR_IMAGE_MALFORMED, object,
                        "part " + std::string(kind.name) + " is empty");
        }
        total += part.content.size();
    }
    if (total > MOST_IMAGE_BYTES - MOST_HEAD_BYTES) {
        return fail(DEFIB_ERROR_IMAGE_ENDLESS, object, "its parts come to more than 64 MiB");
    }
    return {};
}

void write_entry(ByteWriter& writer, const PartSource& part, uint64_t offset) {
    writer.u32(uint32_t(part.type));
    writer.zeros(4);
    writer.u64(offset);
    writer.u64(part.content.size());
    writer.text(part.name);
    writer.zeros(PART_NAME_BYTES - part.name.size());
    writer.array(signing::digest(PART_PERSONAL, part.content));
    writer.zeros(8);
}

}  // namespace

Result<std::string> build(const Attributes& attributes, std::vector<PartSource> parts,
                          const std::string& object) {
    if (auto checked = check_parts(parts, object); !checked) {
        return std::unexpected(checked.error());
    }
    const auto attribute_bytes = write_attributes(attributes, object);
    if (!attribute_bytes) return std::unexpected(attribute_bytes.error());
    std::ranges::sort(parts, [](const PartSource& a, const PartSource& b) {
        return std::tie(a.type, a.name) < std::tie(b.type, b.name);
    });
    const uint64_t head_bytes =
        align(HEADER_BYTES + attribute_bytes->size() + parts.size() * PART_ENTRY_BYTES, ALIGNMENT);
    uint64_t body_bytes = head_bytes;
    for (const PartSource& part : parts) body_bytes += align(part.content.size(), ALIGNMENT);

    ByteWriter writer;
    writer.text(MAGIC);
    writer.u32(FORMAT);
    writer.u32(uint32_t(attribute_bytes->size()));
    writer.u32(uint32_t(parts.size()));
    writer.u32(uint32_t(head_bytes));
    writer.u64(body_bytes);
    writer.pad_to(HEADER_BYTES);
    writer.text(*attribute_bytes);
    uint64_t offset = head_bytes;
    for (const PartSource& part : parts) {
        write_entry(writer, part, offset);
        offset += align(part.content.size(), ALIGNMENT);
    }
    writer.align(ALIGNMENT);
    for (const PartSource& part : parts) {
        writer.bytes(part.content);
        writer.align(ALIGNMENT);
    }
    std::string file = writer.take() + signing::write_signature_block({});
    // What is built here must be read everywhere; the reader knows the rules best.
    if (auto parsed = parse(as_bytes(file), object); !parsed) {
        return std::unexpected(parsed.error());
    }
    return file;
}

Result<std::string> attach_signature(Bytes file, const signing::SignatureEntry& entry,
                                     const std::string& object) {
    auto image = parse(file, object);
    if (!image) return std::unexpected(image.error());
    if (!is_accepted(signing::check_signature(bytes_to_sign(*image), entry.signature, entry.key))) {
        return fail(DEFIB_ERROR_SIGNING_BAD_SIGNATURE, object,
                    "that of key " + signing::to_hex(entry.key).substr(0, 16),
                    "sign the 48 bytes of --bytes-to-sign with plain Ed25519");
    }
    if (auto added = signing::add_signature(image->signatures, entry, object); !added) {
        return std::unexpected(added.error());
    }
    return std::string(as_text(image->body)) + signing::write_signature_block(image->signatures);
}

}  // namespace defib::image
