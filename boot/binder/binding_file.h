// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A layout as an image's part layout-binding (image/FORMAT.md): everything that a start asks of the
// JSON of the same name, as numbers in their order, so that a start parses none. It carries the
// digests of that JSON and of the manifest that it was made from, and is taken for no other.
//
// What is kept: whose layout it is, the few symbols and fields that finding and proving a kernel
// take, and the answer to each question of the manifest.
#ifndef DEFIB_BOOT_BINDER_BINDING_FILE_H
#define DEFIB_BOOT_BINDER_BINDING_FILE_H

#include <string>

#include "boot/binder/answers.h"
#include "engine/base/file.h"
#include "signing/crypto.h"

namespace defib::boot {

// The parts that it was made from, by the digests that an image has of them.
struct BindingSources {
    signing::Digest manifest{};
    signing::Digest layout{};

    static BindingSources of(Bytes manifest, Bytes layout);
    bool operator==(const BindingSources&) const = default;
};

struct BindingFile {
    layouts::Layout layout;  // of it: identity, symbols, offsets of fields; nothing else
    Answers answers;
};

// `to_find`: what finding a kernel asks of its layout (boot/find/needs.h).
std::string write_binding(const BindingSources& sources, const layouts::Layout& layout,
                          const layouts::Wanted& to_find, const Answers& answers);

// Fails where the bytes are no binding, or one of other sources.
Result<BindingFile> read_binding(Bytes file, const BindingSources& sources,
                                 const std::string& object);

}  // namespace defib::boot

#endif
