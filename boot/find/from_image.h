// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_FROM_IMAGE_H
#define DEFIB_BOOT_FIND_FROM_IMAGE_H

#include <vector>

#include "boot/find/vmcoreinfo.h"

namespace defib::boot {

// What VMCOREINFO would say, made from the symbol table that the kernel's image in memory holds:
// for a kernel that was built without that page, whose page was overwritten, or lacks a line. Costs
// a search through all of memory.
std::vector<layouts::Vmcoreinfo> vmcoreinfo_from_image(const Target& target);

}  // namespace defib::boot

#endif
