// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process' core: an ELF file as a debugger opens it. Memory comes first, while the process is
// held; what describes it is written behind it when the process runs again, for only then it is
// known how much there is.
#ifndef DEFIB_BOOT_SALVAGE_PROCESS_CORE_H
#define DEFIB_BOOT_SALVAGE_PROCESS_CORE_H

#include "boot/salvage/core_memory.h"

namespace defib::boot {

// Where memory begins in the file: behind the header.
inline constexpr uint64_t CORE_MEMORY_AT = 4096;

// The whole is there under its own name afterwards, or nothing is.
Result<void> finish_core(NewFile& file, const CoreMemory& memory, std::string_view notes);

}  // namespace defib::boot

#endif
