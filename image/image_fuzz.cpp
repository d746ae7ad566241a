// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an image. What is read must lie inside the bytes, and what would be accepted must be
// the one way to write that image: built again from what was read, it gives the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "image/build.h"
#include "image/format.h"

namespace {

using defib::Bytes;
using defib::image::ImageView;

void must(bool holds) {
    if (!holds) std::abort();
}

bool has_right_digests(const ImageView& image) {
    for (const auto& part : image.parts) {
        if (defib::signing::digest(defib::image::PART_PERSONAL, part.content) != part.digest) {
            return false;
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Bytes file = std::as_bytes(std::span(data, size));
    const auto image = defib::image::parse(file, "fuzz");
    if (!image) return 0;
    for (const auto& part : image->parts) {
        must(part.content.data() >= file.data());
        must(part.content.data() + part.content.size() <= file.data() + file.size());
    }
    if (!has_right_digests(*image)) return 0;
    std::vector<defib::image::PartSource> parts;
    for (const auto& part : image->parts) {
        parts.push_back({part.type, std::string(part.name), part.content});
    }
    const auto again = defib::image::build(image->attributes, std::move(parts), "fuzz");
    must(again.has_value());
    must(*again ==
         std::string(defib::as_text(image->body)) + defib::signing::write_signature_block({}));
    return 0;
}
