// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_PLACE_AT_H
#define DEFIB_BOOT_FIND_PLACE_AT_H

#include <string>

#include "boot/find/kernel.h"

namespace defib::boot {

// What lies at a kernel address, for people: "tasklist_lock", "a_lock+0x4 [its_module]", or of the
// heap the kind of object that it is in and where, "kmalloc-128 object+0x18". Some milliseconds.
// Empty where it is none of these.
std::string place_at(const Kernel& kernel, const layouts::Layout& layout, uint64_t address);

}  // namespace defib::boot

#endif
