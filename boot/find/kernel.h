// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Finding the running kernel in a target's memory, with no symbol file and no help from it.
#ifndef DEFIB_BOOT_FIND_KERNEL_H
#define DEFIB_BOOT_FIND_KERNEL_H

#include "boot/find/identity.h"
#include "boot/find/kernel_memory.h"
#include "boot/find/vmcoreinfo.h"
#include "boot/target/target.h"
#include "engine/abi/target.h"
#include "layouts/layout.h"

namespace defib::boot {

struct Kernel {
    layouts::Vmcoreinfo info;
    DefibWindow window;
    DefibKernelMap map;
    uint64_t text = 0;  // the address of _text, from which a layout's symbols count
};

Result<Kernel> find_kernel(const Target& target);

// Where a layout's symbol is in this kernel.
uint64_t address_of(const Kernel& kernel, const layouts::LayoutSymbol& symbol);

// The proof that the layout is this kernel's: banner, BTF digest, and spot checks of its offsets.
// Without it nothing may be bound. Who only looks may do so with a layout that has no digest; who
// writes may not.
Result<Identity> prove_identity(const Target& target, const Kernel& kernel,
                                const layouts::Layout& layout, Access access);

// Adds to the linear maps what takes symbols to find: vmemmap. Only for a layout that was proved.
void complete_map(Kernel& kernel, const layouts::Layout& layout);

}  // namespace defib::boot

#endif
