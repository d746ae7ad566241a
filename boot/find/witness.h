// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the engine compares to be sure that the kernel is still the one that was proved: its banner,
// which says which kernel, and the stack canary of its first task, a random number that
// boot_init_stack_canary() makes in each boot. With KASLR the places differ from boot to boot too.
#ifndef DEFIB_BOOT_FIND_WITNESS_H
#define DEFIB_BOOT_FIND_WITNESS_H

#include "boot/find/kernel.h"
#include "engine/abi/responder.h"

namespace defib::boot {

// Fails where there is nothing to tell the kernel by: then nothing may be repaired.
Result<void> choose_witnesses(const Kernel& kernel, const layouts::Layout& layout,
                              DefibResponder& responder);

}  // namespace defib::boot

#endif
