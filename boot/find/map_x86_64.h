// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_MAP_X86_64_H
#define DEFIB_BOOT_FIND_MAP_X86_64_H

#include <optional>

#include "boot/find/vmcoreinfo.h"
#include "engine/abi/target.h"

namespace defib::boot {

// How the addresses of an x86-64 kernel translate: its top page table from VMCOREINFO, and from the
// tables themselves where its image ends and where the direct map begins. Nothing where the tables,
// seen through this window, do not lead back to themselves: then the window or the page is wrong.
std::optional<DefibKernelMap> map_x86_64(const layouts::Vmcoreinfo& info,
                                         const DefibWindow& window);

// Adds the stretches of vmemmap that are linear in physical memory, as far as there is room.
void add_vmemmap(DefibKernelMap& map, const DefibWindow& window, uint64_t vmemmap_base,
                 uint64_t page_struct_size);

}  // namespace defib::boot

#endif
