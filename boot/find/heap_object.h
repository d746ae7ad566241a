// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_HEAP_OBJECT_H
#define DEFIB_BOOT_FIND_HEAP_OBJECT_H

#include <string>

#include "boot/find/kernel.h"

namespace defib::boot {

// In which slab cache's object an address of the direct map lies, "kmalloc-128 object+0x18". Empty
// where it is in none.
std::string heap_object_at(const Kernel& kernel, const layouts::Layout& layout, uint64_t address);

}  // namespace defib::boot

#endif
