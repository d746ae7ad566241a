// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_BTF_BLOB_H
#define DEFIB_LAYOUTS_ARTEFACT_BTF_BLOB_H

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// Raw BTF, such as /sys/kernel/btf/vmlinux, or with --base that of a module beside it.
Result<Artefact> read_btf_blob(const Input& input, const ReadOptions& options);

}  // namespace defib::layouts

#endif
