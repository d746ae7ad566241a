// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// VMCOREINFO: a page of text that every kernel with CONFIG_VMCORE_INFO (before 6.9: CRASH_CORE)
// writes about itself at boot (crash_save_vmcoreinfo_init), for those who read its memory from
// outside. It starts a page, so it can be found without knowing anything.
#ifndef DEFIB_BOOT_FIND_VMCOREINFO_H
#define DEFIB_BOOT_FIND_VMCOREINFO_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boot/target/target.h"

namespace defib::boot {

struct VmcoreInfo {
    std::string release;
    std::map<std::string, std::string, std::less<>> values;

    std::optional<uint64_t> symbol(std::string_view name) const;  // SYMBOL(name), hexadecimal
    std::optional<int64_t> number(std::string_view name) const;   // NUMBER(name), decimal
    std::optional<uint64_t> offset(std::string_view name) const;  // OFFSET(name), decimal
};

// Nothing where the page is no VMCOREINFO of a kernel whose page tables it leads to.
std::optional<VmcoreInfo> parse_vmcoreinfo(std::string_view page);

// All of the target, in the order of its memory. There may be more than one: a kernel that was
// rebooted or replaced by kexec leaves its page behind.
std::vector<VmcoreInfo> find_vmcoreinfo(const Target& target);

}  // namespace defib::boot

#endif
