// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The form of an image: where its parts are, and that nothing else is there.
//
// Runs on files that nobody has verified yet, so it believes no number: everything it finds is a
// piece of the bytes it was given, in lists that cannot grow, and what a file claims allocates
// nothing. It checks no digest and no signature; use verify.h for whatever is meant to run.
#ifndef DEFIB_IMAGE_PARSE_H
#define DEFIB_IMAGE_PARSE_H

#include <string>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "image/attribute.h"
#include "image/part_type.h"
#include "signing/signature_block.h"

namespace defib::image {

struct PartView {
    PartType type{};
    std::string_view name;
    Bytes content;
    signing::Digest digest{};  // as the table has it

    const PartKind& kind() const { return *find_kind(uint32_t(type)); }
};

using PartList = signing::BoundedList<PartView, MOST_PARTS>;

// Points into the bytes that it was read from.
struct ImageView {
    Bytes head;
    Bytes body;  // head and parts: everything before the signatures
    Attributes attributes;
    PartList parts;
    signing::SignatureList signatures;

    const PartView* find(PartType type, std::string_view name = {}) const;
};

Result<ImageView> parse(Bytes file, const std::string& object);

signing::BytesToSign bytes_to_sign(const ImageView& image);

}  // namespace defib::image

#endif
