// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a process of this machine has mapped, as /proc tells it.
#ifndef DEFIB_BOOT_RESTART_OWN_MAPPINGS_H
#define DEFIB_BOOT_RESTART_OWN_MAPPINGS_H

#include <string>
#include <vector>

#include "boot/restart/saved_process.h"

namespace defib::boot {

struct OwnMapping {
    SavedRange range;
    std::string name;  // "[vdso]", a path, or empty

    bool is_code_of_the_kernel() const { return name == "[vdso]"; }
    // What that code reads: [vvar], and [vvar_vclock] since 6.13.
    bool is_data_of_the_kernel() const { return name.starts_with("[vvar"); }
};

// `who` is a number, or "self".
Result<std::vector<OwnMapping>> own_mappings(const std::string& who);

// A place of that size that none of these has, nor comes near.
Result<uint64_t> free_place(const std::vector<OwnMapping>& own,
                            const std::vector<SavedMapping>& saved, uint64_t size);

}  // namespace defib::boot

#endif
