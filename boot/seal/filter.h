// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A list of system calls that are allowed, as the program that the kernel holds each call against.
// What is not in the list is not carried out: the process gets SIGSYS, whose handler says which
// call it was and ends it. Another architecture's calls (int 0x80, x32) kill at once.
#ifndef DEFIB_BOOT_SEAL_FILTER_H
#define DEFIB_BOOT_SEAL_FILTER_H

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace defib::seal {

struct Allowance {
    uint32_t call = 0;                   // __NR_...
    std::optional<uint32_t> first = {};  // its first argument must be this; 32 bits: files, kinds
    const char* reason = "";
};

std::vector<sock_filter> make_filter(std::span<const Allowance> allowances);

}  // namespace defib::seal

#endif
