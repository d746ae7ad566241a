// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_QEMU_H
#define DEFIB_TESTS_LAB_QEMU_H

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tests/lab/kernels.h"
#include "tests/lab/options.h"

namespace defib::lab {

// Where a part of the guest's physical memory lies in its RAM file.
struct RamRange {
    uint64_t guest_physical = 0;
    uint64_t file_offset = 0;
    uint64_t length = 0;

    bool operator==(const RamRange&) const = default;
};

// How q35 splits its RAM (pc_q35.c, pc_q35_init): from 0xb0000000 bytes (2.75 GiB) on only the
// first 2 GiB stay below 4 GiB, so that the split is at a GiB, and the rest begins at 4 GiB.
std::vector<RamRange> ram_ranges_of(uint64_t ram_bytes);

Result<void> check(const GuestOptions& options);

// What of QEMU's is an inherited descriptor, in this order; the disks follow, and the
// cable.
enum Inherited : uint8_t {
    INHERITED_CONSOLE,
    INHERITED_AGENT,
    INHERITED_QMP,
    INHERITED_BEATS,
    INHERITED_INITRAMFS,
    INHERITED_DISKS,
};

std::vector<std::string> qemu_arguments(const GuestOptions& options, const Kernel& kernel,
                                        const std::filesystem::path& ram_file);

// What the kernel is told, whoever starts it.
std::string command_line(const GuestOptions& options);

// The modules that a guest cannot start without, before those that its options name.
std::vector<std::string> modules_for(const GuestOptions& options);

}  // namespace defib::lab

#endif
