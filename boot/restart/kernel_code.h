// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The page of code that the kernel lends each process to tell the time without a call (vdso), and
// its data. Programs keep pointers into it. A kernel of the same build has the same page: its own
// is moved to where the process knows it. Another kernel's cannot take its place, and the old code
// would read data that are no longer its: so the old page stays, and each of its functions makes
// the system call that it was to save.
#ifndef DEFIB_BOOT_RESTART_KERNEL_CODE_H
#define DEFIB_BOOT_RESTART_KERNEL_CODE_H

#include <vector>

#include "boot/restart/own_mappings.h"
#include "boot/restart/puppet.h"

namespace defib::boot {

struct KernelCode {
    SavedRange code;       // of the process; empty: it had none
    SavedRange data;       // next to it, below; empty: none
    SavedRange code_here;  // of this machine's processes
    SavedRange data_here;
    bool is_same = false;
    bool was_used = false;        // else the process knows nothing of it, and does without
    std::vector<std::byte> made;  // where it is another: the old page with system calls in it

    bool has(uint64_t address) const { return code.has(address); }
    bool has_data(uint64_t address) const { return data.has(address); }
};

// `own` is what this program has mapped.
KernelCode compare_kernel_code(const SavedProcess& process, const std::vector<OwnMapping>& own);

// The same functions by system calls; nothing where the image is no such page.
std::vector<std::byte> with_system_calls(Bytes image);

// Of a puppet that has nothing but it and its stage. `place` is free, in both.
Result<void> rebuild_kernel_code(const KernelCode& code, Puppet& puppet, uint64_t place);

}  // namespace defib::boot

#endif
