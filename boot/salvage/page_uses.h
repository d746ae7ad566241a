// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What each page of a kernel's RAM is used for, so that a dump may leave out what nobody will ask
// for. The kernel tells by its page structures, and where their members are by VMCOREINFO, which is
// there for this (kernel/vmcore_info.c; before 6.9 kernel/crash_core.c).
//
// Whatever is not understood counts as the kernel's own, and is kept.
#ifndef DEFIB_BOOT_SALVAGE_PAGE_USES_H
#define DEFIB_BOOT_SALVAGE_PAGE_USES_H

#include <optional>
#include <span>

#include "boot/find/kernel.h"

namespace defib::boot {

enum class PageUse : uint8_t { kernel, cache, private_cache, user, free };

class PageUses {
  public:
    // Pages of a block share nothing with those outside but gigantic pages' heads: the buddy
    // allocator's largest pieces have 1024 pages (MAX_ORDER, since 6.8 MAX_PAGE_ORDER, is 10 on
    // x86-64).
    static constexpr uint64_t BLOCK = 1024;

    static Result<PageUses> of(const Target& target, const Kernel& kernel,
                               const layouts::Layout& layout);

    // From page number `first` on, a multiple of BLOCK.
    void read(uint64_t first, std::span<PageUse> uses);

  private:
    struct Members {
        uint64_t size, flags, mapcount, mapping, private_word, compound_head;
    };
    // Numbers of bits in a page's flags, and values of its type.
    struct Marks {
        uint64_t lru, has_private, swapcache, swapbacked;
        std::optional<uint64_t> slab_flag;  // until 6.9 slabs have a flag, then a type
        std::optional<uint32_t> slab_type, hugetlb_type, offline_type;
        uint32_t buddy_type;
    };

    PageUses(const Kernel& kernel, uint64_t vmemmap, const Members& members, const Marks& marks);

    PageUse use_of(Bytes page) const;
    uint64_t head_of(Bytes page) const;  // the address of a compound page's head; 0: it is no tail
    PageUse use_of_head(uint64_t address);

    KernelMemory memory_;
    uint64_t vmemmap_;
    Members members_;
    Marks marks_;
};

}  // namespace defib::boot

#endif
