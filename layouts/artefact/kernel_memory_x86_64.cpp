// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// VMCOREINFO gives the virtual address of the top page table, which lies in the kernel's image, and
// phys_base, by which the image was moved in physical memory: arch_crash_save_vmcoreinfo in
// arch/x86/kernel/vmcore_info_64.c. From there the tables say everything.
#include "layouts/artefact/kernel_memory_x86_64.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

constexpr uint64_t START_KERNEL_MAP = 0xffffffff80000000;  // __START_KERNEL_map
constexpr uint64_t PRESENT = 1;
constexpr uint64_t PAGE_IS_LARGE = 0x80;
constexpr uint64_t ADDRESS_BITS = 0x000ffffffffff000;
constexpr uint64_t PAGE = 4096;
constexpr uint64_t MOST_BYTES = uint64_t{256} << 20;

}  // namespace

std::optional<KernelMemoryX86> KernelMemoryX86::make(const PhysicalMemory& memory,
                                                     const Vmcoreinfo& info) {
    const auto base = info.number("phys_base");
    const auto root = info.symbol("swapper_pg_dir");
    if (!base || !root || *root < START_KERNEL_MAP) return std::nullopt;
    KernelMemoryX86 kernel(memory);
    kernel.root_ = *root - START_KERNEL_MAP + static_cast<uint64_t>(*base);
    kernel.levels_ = info.number("pgtable_l5_enabled").value_or(0) != 0 ? 5 : 4;
    kernel.encryption_mask_ = static_cast<uint64_t>(info.number("sme_mask").value_or(0));
    return kernel;
}

std::optional<uint64_t> KernelMemoryX86::to_physical(uint64_t address) const {
    uint64_t table = root_;
    for (int level = levels_; level >= 1; --level) {
        const int shift = 12 + 9 * (level - 1);
        std::array<std::byte, 8> raw{};
        if (!memory_->read(table + ((address >> shift) & 511) * 8, raw)) return std::nullopt;
        const auto entry = load64(raw, 0);
        if ((entry & PRESENT) == 0) return std::nullopt;
        const uint64_t target = entry & ADDRESS_BITS & ~encryption_mask_;
        if (level == 1) return target | (address & (PAGE - 1));
        if (level <= 3 && (entry & PAGE_IS_LARGE) != 0) {
            const uint64_t within = (uint64_t{1} << shift) - 1;
            return (target & ~within) | (address & within);
        }
        table = target;
    }
    return std::nullopt;
}

std::optional<std::vector<std::byte>> KernelMemoryX86::read(uint64_t address,
                                                            uint64_t length) const {
    if (length > MOST_BYTES || address + length < address) return std::nullopt;
    std::vector<std::byte> bytes(length);
    bool is_any_mapped = false;
    for (uint64_t at = 0; at < length;) {
        const auto n = std::min(length - at, PAGE - ((address + at) & (PAGE - 1)));
        const auto physical = to_physical(address + at);
        if (physical && memory_->read(*physical, std::span(bytes).subspan(at, n))) {
            is_any_mapped = true;
        }
        at += n;
    }
    if (!is_any_mapped) return std::nullopt;
    return bytes;
}

}  // namespace defib::layouts
