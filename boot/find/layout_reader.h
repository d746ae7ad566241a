// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Members and symbols of a kernel, read by name for what is shown to people: what the layout has
// not, or memory has not, is nothing.
#ifndef DEFIB_BOOT_FIND_LAYOUT_READER_H
#define DEFIB_BOOT_FIND_LAYOUT_READER_H

#include <optional>

#include "boot/find/kernel.h"

namespace defib::boot {

class LayoutReader {
  public:
    LayoutReader(const Kernel& kernel, const layouts::Layout& layout)
        : kernel_(kernel), layout_(layout), memory_(kernel.window, kernel.map) {}

    KernelMemory& memory() { return memory_; }

    std::optional<uint64_t> symbol(const char* name) const {
        const auto found = layout_.symbols.find(name);
        if (found == layout_.symbols.end()) return std::nullopt;
        return address_of(kernel_, found->second);
    }

    const layouts::LayoutStruct* structure(const char* name) const {
        const auto found = layout_.structs.find(name);
        return found == layout_.structs.end() ? nullptr : &found->second;
    }
    const layouts::LayoutMember* member(const char* structure_name, const char* name) const {
        const auto* found = structure(structure_name);
        return found == nullptr ? nullptr : found->find(name);
    }

    // The value of a member of four or eight bytes.
    std::optional<uint64_t> word(uint64_t at, const char* structure_name, const char* name) {
        const auto* found = member(structure_name, name);
        if (found == nullptr) return std::nullopt;
        if (found->size == 4) return memory_.read<uint32_t>(at + found->offset);
        if (found->size != 8) return std::nullopt;
        return memory_.read<uint64_t>(at + found->offset);
    }
    std::optional<uint64_t> word_at(const char* symbol_name) {
        const auto at = symbol(symbol_name);
        return at ? memory_.read<uint64_t>(*at) : std::nullopt;
    }

    // Calls `is_it` with each structure on a list until it says true; whether it did. A list that
    // is spoilt ends at the limit.
    template <class IsIt>
    bool any_of_list(uint64_t head, uint64_t offset, uint32_t most, const IsIt& is_it) {
        auto entry = memory_.read<uint64_t>(head);  // list_head.next
        for (uint32_t i = 0; entry && *entry != head && i < most; i++) {
            if (is_it(*entry - offset)) return true;
            entry = memory_.read<uint64_t>(*entry);
        }
        return false;
    }

  private:
    const Kernel& kernel_;
    const layouts::Layout& layout_;
    KernelMemory memory_;
};

}  // namespace defib::boot

#endif
