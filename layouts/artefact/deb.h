// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_DEB_H
#define DEFIB_LAYOUTS_ARTEFACT_DEB_H

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// A Debian package that holds a kernel: boot/vmlinuz-* (linux-image-*), or
// usr/lib/debug/boot/vmlinux-* (its -dbg).
bool looks_like_deb(Bytes head);
Result<Artefact> read_deb(const Input& input, const ReadOptions& options);

}  // namespace defib::layouts

#endif
