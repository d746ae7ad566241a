// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// VMCOREINFO: a page of text that every kernel with CONFIG_VMCORE_INFO (before 6.9: CRASH_CORE)
// writes about itself at boot (crash_save_vmcoreinfo_init), for those who read its memory from
// outside. It starts a page, so it can be found without knowing anything.
#ifndef DEFIB_BOOT_FIND_VMCOREINFO_H
#define DEFIB_BOOT_FIND_VMCOREINFO_H

#include <vector>

#include "boot/target/target.h"
#include "layouts/artefact/vmcoreinfo.h"

namespace defib::boot {

// All of the target, in the order of its memory. There may be more than one: a kernel that was
// rebooted or replaced by kexec leaves its page behind.
std::vector<layouts::Vmcoreinfo> find_vmcoreinfo(const Target& target);

}  // namespace defib::boot

#endif
