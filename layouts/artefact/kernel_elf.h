// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_KERNEL_ELF_H
#define DEFIB_LAYOUTS_ARTEFACT_KERNEL_ELF_H

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// vmlinux, with or without its debug information, or a module.
bool looks_like_kernel_elf(Bytes head);
Result<Artefact> read_kernel_elf(const Input& input, const ReadOptions& options);

// The base of split BTF, as the options name it.
Result<Artefact> read_base(const ReadOptions& options);

}  // namespace defib::layouts

#endif
