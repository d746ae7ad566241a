// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_SYMBOL_AT_H
#define DEFIB_BOOT_FIND_SYMBOL_AT_H

#include <string>

#include "boot/find/kernel.h"

namespace defib::boot {

// What lies at an address of the kernel's image, "tasklist_lock" or "runqueues+0x10", by the symbol
// table in its memory; a few milliseconds. Empty where it has none: in modules and on the heap, and
// before 6.0, whose VMCOREINFO does not say where the table is.
std::string symbol_at(const Kernel& kernel, uint64_t address);

}  // namespace defib::boot

#endif
