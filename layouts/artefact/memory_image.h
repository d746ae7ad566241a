// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_ARTEFACT_MEMORY_IMAGE_H
#define DEFIB_LAYOUTS_ARTEFACT_MEMORY_IMAGE_H

#include "layouts/artefact/artefact.h"

namespace defib::layouts {

// An ELF dump of a machine's memory: kdump's /proc/vmcore, QEMU's dump-guest-memory.
bool looks_like_vmcore(Bytes head);
// A dump in makedumpfile's own format, which is refused with advice.
bool looks_like_compressed_dump(Bytes head);
// A raw RAM file has no mark: anything that consists of pages may be one.
bool could_be_ram(Bytes file);

Result<Artefact> read_vmcore(const Input& input, const ReadOptions& options);
Result<Artefact> refuse_compressed_dump(const Input& input, const ReadOptions& options);
Result<Artefact> read_ram(const Input& input, const ReadOptions& options);

}  // namespace defib::layouts

#endif
