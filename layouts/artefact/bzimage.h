// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_BZIMAGE_H
#define DEFIB_LAYOUTS_ARTEFACT_BZIMAGE_H

#include <string>
#include <vector>

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// /boot/vmlinuz-* of x86.
bool looks_like_bzimage(Bytes head);
Result<Artefact> read_bzimage(const Input& input, const ReadOptions& options);

struct Unpacked {
    std::vector<std::byte> kernel;  // the ELF file inside
    std::string version;            // kernel_version of the boot header; may be empty
};
Result<Unpacked> unpack_bzimage(const Input& input);

}  // namespace defib::layouts

#endif
