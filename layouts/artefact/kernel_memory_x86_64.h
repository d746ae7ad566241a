// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Virtual addresses of an x86-64 kernel, through its own page tables.
#ifndef DEFIB_LAYOUTS_ARTEFACT_KERNEL_MEMORY_X86_64_H
#define DEFIB_LAYOUTS_ARTEFACT_KERNEL_MEMORY_X86_64_H

#include <cstring>
#include <optional>
#include <vector>

#include "layouts/artefact/physical_memory.h"
#include "layouts/artefact/vmcoreinfo.h"

namespace defib::layouts {

class KernelMemoryX86 {
  public:
    // Nothing, if VMCOREINFO is not an x86-64 kernel's.
    static std::optional<KernelMemoryX86> make(const PhysicalMemory& memory,
                                               const Vmcoreinfo& info);

    std::optional<uint64_t> to_physical(uint64_t address) const;

    // What is not mapped reads as zero. Nothing: none of it is mapped, or it is larger than
    // anything in a kernel.
    std::optional<std::vector<std::byte>> read(uint64_t address, uint64_t length) const;

    template <class T>
    std::optional<T> read_value(uint64_t address) const {
        const auto bytes = read(address, sizeof(T));
        if (!bytes) return std::nullopt;
        T value;
        std::memcpy(&value, bytes->data(), sizeof value);
        return value;
    }

  private:
    explicit KernelMemoryX86(const PhysicalMemory& memory) : memory_(&memory) {}

    const PhysicalMemory* memory_;
    uint64_t root_ = 0;
    int levels_ = 4;
    uint64_t encryption_mask_ = 0;
};

}  // namespace defib::layouts

#endif
