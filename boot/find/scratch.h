// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Memory of the target that its kernel owns and never uses, for objects that a repair has to build
// (a work that is to be run).
//
// It is the end of the VMCOREINFO note. The note is allocated once at boot, zeroed, as a page and a
// little (VMCOREINFO_NOTE_SIZE: a page of text, an ELF note header and an empty one behind it), so
// that it comes as two pages (crash_save_vmcoreinfo_init(), alloc_pages_exact() in
// kernel/vmcore_info.c, before 6.9 kernel/crash_core.c), and the kernel keeps to the first and the
// start of the second, for ever and in every kernel since 4.13 (203e9e41219b).
#ifndef DEFIB_BOOT_FIND_SCRATCH_H
#define DEFIB_BOOT_FIND_SCRATCH_H

#include "boot/binder/bind.h"
#include "boot/find/kernel.h"

namespace defib::boot {

// Nothing, where the note is not what was said above, or its end holds anything but zeros or what a
// repair left there.
Scratch find_scratch(const Kernel& kernel, const layouts::Layout& layout);

}  // namespace defib::boot

#endif
