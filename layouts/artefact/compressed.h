// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_COMPRESSED_H
#define DEFIB_LAYOUTS_ARTEFACT_COMPRESSED_H

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// A module or a vmlinux that is packed as it lies on the disk: module.ko.xz, vmlinux.zst.
bool looks_compressed(Bytes head);
Result<Artefact> read_compressed(const Input& input, const ReadOptions& options);

}  // namespace defib::layouts

#endif
