// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_IMAGE_SHOW_H
#define DEFIB_IMAGE_SHOW_H

#include "image/verify.h"

namespace defib::image {

enum class Form : uint8_t { text, json };

// To standard output.
void print_image(const ImageView& image, Form form);
void print_verified(const VerifiedImage& image, const signing::KeySet& trusted, Form form);

}  // namespace defib::image

#endif
