// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_MODULE_SYMBOL_H
#define DEFIB_BOOT_FIND_MODULE_SYMBOL_H

#include <string>

#include "boot/find/kernel.h"

namespace defib::boot {

// What lies at an address of a loaded module, "a_lock+0x4 [its_module]", as the kernel's own log
// says it; "[its_module]" where the module kept no symbols. Empty where no module is there.
std::string module_symbol_at(const Kernel& kernel, const layouts::Layout& layout, uint64_t address);

}  // namespace defib::boot

#endif
