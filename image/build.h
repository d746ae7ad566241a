// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Making an image, and putting signatures to it.
//
// The bytes depend on the attributes and the parts' contents alone: no time, no path, no order in
// which they were named. So a second party can build an image again and compare, without any key.
#ifndef DEFIB_IMAGE_BUILD_H
#define DEFIB_IMAGE_BUILD_H

#include <string>
#include <vector>

#include "image/parse.h"

namespace defib::image {

struct PartSource {
    PartType type;
    std::string name;
    Bytes content;
};

// An image without signatures, which parse() takes.
Result<std::string> build(const Attributes& attributes, std::vector<PartSource> parts,
                          const std::string& object);

// The image with one more signature, or with this one in place of an earlier one of its key. A
// signature that does not fit is refused here rather than on every machine.
Result<std::string> attach_signature(Bytes file, const signing::SignatureEntry& entry,
                                     const std::string& object);

}  // namespace defib::image

#endif
