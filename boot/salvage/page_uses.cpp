// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/page_uses.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace defib::boot {
namespace {

// include/linux/page-flags.h (before 6.12 also in linux/mm.h): the lowest bits of page->mapping.
constexpr uint64_t MAPPING_ANON = 1;
constexpr uint64_t MAPPING_BITS = 3;
constexpr uint64_t TAIL = 1;  // of page->compound_head
constexpr uint64_t LARGEST_ORDER = 10;
constexpr size_t LARGEST_PAGE_STRUCTURE = 256;

template <class T>
T member(Bytes page, uint64_t offset) {
    T value{};
    std::memcpy(&value, page.data() + offset, sizeof value);
    return value;
}

bool has(uint64_t flags, uint64_t bit) {
    return (flags >> bit & 1) != 0;
}

}  // namespace

PageUses::PageUses(const Kernel& kernel, uint64_t vmemmap, const Members& members,
                   const Marks& marks)
    : memory_(kernel.window, kernel.map), vmemmap_(vmemmap), members_(members), marks_(marks) {}

Result<PageUses> PageUses::of(const Target& target, const Kernel& kernel,
                              const layouts::Layout& layout) {
    const layouts::Vmcoreinfo& info = kernel.info;
    std::string missing;
    const auto offset = [&](const char* name) -> uint64_t {
        const auto value = info.offset(name);
        if (!value || *value > LARGEST_PAGE_STRUCTURE - sizeof(uint64_t)) missing = name;
        return value.value_or(0);
    };
    const auto bit = [&](const char* name) -> uint64_t {
        const auto value = info.number(name);
        if (!value || *value < 0 || *value > 63) missing = name;
        return static_cast<uint64_t>(value.value_or(0));
    };
    // A type is 32 bits, printed with its sign or without.
    const auto type = [&](const char* name) -> std::optional<uint32_t> {
        const auto value = info.number(name);
        return value ? std::optional(static_cast<uint32_t>(*value)) : std::nullopt;
    };
    const Members members{.size = info.size("page").value_or(0),
                          .flags = offset("page.flags"),
                          .mapcount = offset("page._mapcount"),
                          .mapping = offset("page.mapping"),
                          .private_word = offset("page.private"),
                          .compound_head = offset("page.compound_head")};
    Marks marks{.lru = bit("PG_lru"),
                .has_private = bit("PG_private"),
                .swapcache = bit("PG_swapcache"),
                .swapbacked = bit("PG_swapbacked"),
                .slab_flag = {},
                .slab_type = type("PAGE_SLAB_MAPCOUNT_VALUE"),
                .hugetlb_type = type("PAGE_HUGETLB_MAPCOUNT_VALUE"),
                .offline_type = type("PAGE_OFFLINE_MAPCOUNT_VALUE"),
                .buddy_type = type("PAGE_BUDDY_MAPCOUNT_VALUE").value_or(0)};
    if (!marks.slab_type) marks.slab_flag = bit("PG_slab");
    // What a damaged VMCOREINFO claims must not lead out of a page's structure.
    const uint64_t last = std::max({members.flags, members.mapcount, members.mapping,
                                    members.private_word, members.compound_head});
    if (members.size > LARGEST_PAGE_STRUCTURE || last + sizeof(uint64_t) > members.size)
        missing = "SIZE(page)";
    if (marks.buddy_type == 0) missing = "PAGE_BUDDY_MAPCOUNT_VALUE";

    uint64_t vmemmap = 0;
    const auto symbol = layout.symbols.find("vmemmap_base");
    if (symbol != layout.symbols.end()) {
        KernelMemory memory(kernel.window, kernel.map);
        vmemmap = memory.read<uint64_t>(address_of(kernel, symbol->second)).value_or(0);
    }
    if (vmemmap == 0) missing = "vmemmap_base";
    if (!missing.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, target.name(),
                    "its kernel does not tell what its pages are used for: " + missing,
                    "use --level 0 or 1");
    }
    return PageUses(kernel, vmemmap, members, marks);
}

PageUse PageUses::use_of(Bytes page) const {
    const auto flags = member<uint64_t>(page, members_.flags);
    const auto type = member<uint32_t>(page, members_.mapcount);
    const auto mapping = member<uint64_t>(page, members_.mapping);
    if (type == marks_.buddy_type || type == marks_.offline_type) return PageUse::free;
    if (type == marks_.slab_type) return PageUse::kernel;
    if (marks_.slab_flag && has(flags, *marks_.slab_flag)) return PageUse::kernel;
    if (type == marks_.hugetlb_type) return PageUse::user;
    if ((mapping & MAPPING_BITS) == MAPPING_ANON) return PageUse::user;
    const bool is_swapped = has(flags, marks_.swapcache) && has(flags, marks_.swapbacked);
    if (!has(flags, marks_.lru) && !is_swapped) return PageUse::kernel;
    return has(flags, marks_.has_private) ? PageUse::private_cache : PageUse::cache;
}

uint64_t PageUses::head_of(Bytes page) const {
    const auto head = member<uint64_t>(page, members_.compound_head);
    return (head & TAIL) != 0 ? head - TAIL : 0;
}

PageUse PageUses::use_of_head(uint64_t address) {
    std::array<std::byte, LARGEST_PAGE_STRUCTURE> copy{};
    const auto page = std::span(copy).first(members_.size);
    return memory_.read(address, page.data(), page.size()) ? use_of(page) : PageUse::kernel;
}

void PageUses::read(uint64_t first, std::span<PageUse> uses) {
    std::ranges::fill(uses, PageUse::kernel);
    const uint64_t start = vmemmap_ + first * members_.size;
    const Bytes pages = memory_.piece(start, uses.size() * members_.size);
    if (pages.empty()) return;
    size_t free_until = 0;
    for (size_t i = 0; i < uses.size(); i++) {
        const Bytes page = pages.subspan(i * members_.size, members_.size);
        if (i < free_until) {
            uses[i] = PageUse::free;
        } else if (const uint64_t head = head_of(page); head != 0) {
            // A head in this block stands before its tails: it has been looked at.
            const uint64_t index = (head - start) / members_.size;
            uses[i] = head >= start && index < i ? uses[index] : use_of_head(head);
        } else {
            uses[i] = use_of(page);
            if (member<uint32_t>(page, members_.mapcount) != marks_.buddy_type) continue;
            const auto order = member<uint64_t>(page, members_.private_word);
            if (order <= LARGEST_ORDER) free_until = i + (size_t{1} << order);
        }
    }
}

}  // namespace defib::boot
