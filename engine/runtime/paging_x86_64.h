// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The guarded machine's page tables, x86-64: which addresses are the kernel's, and where they lie.
#ifndef DEFIB_ENGINE_RUNTIME_PAGING_X86_64_H
#define DEFIB_ENGINE_RUNTIME_PAGING_X86_64_H

#include "engine/abi/context.h"

namespace defib::runtime {

struct Walk {
    uint32_t death;      // enum DefibDeath; DEFIB_DEATH_NONE: found
    uint32_t page_bits;  // 12, 21 or 30
    uint64_t physical;   // of the page
};

// In the upper half, and canonical: bits 63 to 47 (56 with five levels) are all set.
bool is_kernel_address(const DefibKernelMap& map, uint64_t address);

// Every table is read through the window, so a table that lies can only give a wrong page of the
// window, or none.
Walk walk_page_tables(const DefibWindow& window, const DefibKernelMap& map, uint64_t address);

}  // namespace defib::runtime

#endif
