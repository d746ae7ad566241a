// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the engine compares to be sure that the kernel is still the one that was proved, and that it
// has not booted again:
//
//   its banner           another kernel at the same place has another one
//   its stack canary     of init_task: a random number, boot_init_stack_canary() makes it
//   the trampoline's     setup_real_mode() writes, below 1 MB, where this boot's page tables lie:
//   page table           KASLR puts them elsewhere each time
//   the BIOS' clock      in its data area (0x46c): a BIOS that starts sets it anew, before anything
//                        else is in the memory
//
// The first two stay as they are after a reset until the next kernel uses that memory again, which
// may take long; the third changes when the next kernel starts, the last one with a BIOS at once.
// With UEFI nothing is known to change before the next kernel has started.
#ifndef DEFIB_BOOT_FIND_WITNESS_H
#define DEFIB_BOOT_FIND_WITNESS_H

#include "boot/find/kernel.h"
#include "engine/abi/responder.h"
#include "layouts/layout_builder.h"

namespace defib::boot {

// Fails where there is nothing to tell the kernel by: then nothing may be repaired.
Result<void> choose_witnesses(const Kernel& kernel, const layouts::Layout& layout,
                              DefibResponder& responder);

// Adds to what a layout is to hold what only this needs.
void want_witnesses(layouts::Wanted& wanted);

}  // namespace defib::boot

#endif
