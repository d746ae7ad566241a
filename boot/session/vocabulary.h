// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_SESSION_VOCABULARY_H
#define DEFIB_BOOT_SESSION_VOCABULARY_H

#include "boot/binder/bind.h"
#include "image/policy/vocabulary.h"

namespace defib::boot {

// What a policy may name, of this manifest. With a binding: what of it is off, and why.
image::Vocabulary vocabulary_of(const Manifest& manifest, std::string_view manifest_text,
                                const Bound* bound = nullptr);

}  // namespace defib::boot

#endif
