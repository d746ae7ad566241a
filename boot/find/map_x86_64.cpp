// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Finding the linear maps in the page tables.
//
// The direct map begins at page_offset_base, which KASLR moves by whole gigabytes
// (kernel_randomize_memory). The symbol would tell, but the tables tell without one: in
// swapper_pg_dir the upper half starts with a guard hole and the LDT remap area, both empty there
// (Documentation/arch/x86/x86_64/mm.rst), so its first gigabyte that is present is the first one of
// the direct map.
#include "boot/find/map_x86_64.h"

#include <algorithm>

#include "engine/runtime/paging_x86_64.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::boot {
namespace {

constexpr uint64_t START_KERNEL_MAP = 0xffffffff80000000;  // __START_KERNEL_map
constexpr uint64_t MIB = uint64_t{1} << 20;
constexpr uint64_t GIB = uint64_t{1} << 30;
constexpr uint64_t MOST_IMAGE = GIB;  // KERNEL_IMAGE_SIZE
constexpr uint64_t LARGE_PAGE = 2 * MIB;
constexpr uint64_t ENTRY_PRESENT = 1;
constexpr uint64_t ENTRY_ADDRESS = 0x000ffffffffff000;
constexpr uint64_t ENTRIES = 512;
constexpr uint32_t GIGABYTE_SHIFT = 30;

uint64_t end_of(const DefibWindow& window) {
    const DefibRange& last = window.ranges[window.count - 1];
    return last.physical + last.size;
}

uint64_t page_size(const runtime::Walk& walk) {
    return uint64_t{1} << walk.page_bits;
}

// Of the tables on the way to the direct map a kernel's are next to empty, and the first that is
// not leads there; tables that all lead to each other would have 2^26 entries to look at.
constexpr uint64_t MOST_ENTRIES = 16 * ENTRIES;

// Looks for the lowest address of the upper half whose gigabyte has an entry.
class FirstGigabyte {
  public:
    FirstGigabyte(const DefibKernelMap& map, const DefibWindow& window)
        : map_(map), window_(window) {}

    std::optional<uint64_t> find(uint64_t table, uint32_t shift, uint64_t address, uint64_t from) {
        for (uint64_t i = from; i < ENTRIES; i++) {
            const uint64_t place = runtime::backend_of(window_, table + i * 8, 8);
            if (place == 0 || looked_at_++ == MOST_ENTRIES) return std::nullopt;
            const uint64_t entry = runtime::read_any(place, 8);
            if (!(entry & ENTRY_PRESENT)) continue;
            const uint64_t here = address | i << shift;
            if (shift == GIGABYTE_SHIFT) return here;
            const uint64_t next = entry & ENTRY_ADDRESS & ~map_.encryption_mask;
            if (auto found = find(next, shift - 9, here, 0)) return found;
            if (looked_at_ > MOST_ENTRIES) return std::nullopt;
        }
        return std::nullopt;
    }

  private:
    const DefibKernelMap& map_;
    const DefibWindow& window_;
    uint64_t looked_at_ = 0;
};

// Whether the direct map leads to these physical addresses.
bool is_direct_map(const DefibKernelMap& map, const DefibWindow& window, uint64_t base,
                   std::initializer_list<uint64_t> physical) {
    return std::ranges::all_of(physical, [&](uint64_t wanted) {
        const uint64_t address = base + wanted;
        const auto walk = runtime::walk_page_tables(window, map, address);
        if (walk.death != DEFIB_DEATH_NONE) return false;
        return walk.physical + (address & (page_size(walk) - 1)) == wanted;
    });
}

// Mapped without a gap from its start: cleanup_highmap() removes what lies around the image.
uint64_t image_size(const DefibKernelMap& map, const DefibWindow& window, uint64_t start,
                    uint64_t physical) {
    uint64_t size = 0;
    while (size < MOST_IMAGE) {
        const auto walk = runtime::walk_page_tables(window, map, start + size);
        if (walk.death != DEFIB_DEATH_NONE) break;
        const uint64_t within = (start + size) & (page_size(walk) - 1);
        if (walk.physical + within != physical + size) break;
        size += page_size(walk) - within;
    }
    return size;
}

}  // namespace

std::optional<DefibKernelMap> map_x86_64(const layouts::Vmcoreinfo& info,
                                         const DefibWindow& window) {
    const auto top = info.symbol("swapper_pg_dir");
    const auto text = info.symbol("_stext");
    const auto phys_base = info.number("phys_base");
    if (!top || !text || !phys_base || *text < START_KERNEL_MAP) return std::nullopt;

    const uint64_t to_physical = static_cast<uint64_t>(*phys_base) - START_KERNEL_MAP;
    DefibKernelMap map{};
    map.architecture = DEFIB_ARCHITECTURE_X86_64;
    map.levels = info.number("pgtable_l5_enabled").value_or(0) != 0 ? 5 : 4;
    map.encryption_mask = static_cast<uint64_t>(info.number("sme_mask").value_or(0));
    map.page_table = *top + to_physical;

    const uint64_t image = *text & ~(LARGE_PAGE - 1);
    const uint64_t size = image_size(map, window, image, image + to_physical);
    if (size < MIB || *top - image >= size) return std::nullopt;

    const uint32_t top_shift = map.levels == 5 ? 48 : 39;
    const uint64_t upper_half = ~uint64_t{0} << (top_shift + 8);
    const auto direct =
        FirstGigabyte(map, window).find(map.page_table, top_shift, upper_half, ENTRIES / 2);
    if (!direct ||
        !is_direct_map(map, window, *direct, {map.page_table, image + to_physical, MIB})) {
        return std::nullopt;
    }
    map.linear[map.linear_count++] = {*direct, end_of(window), 0};
    map.linear[map.linear_count++] = {image, size, image + to_physical};
    return map;
}

void add_vmemmap(DefibKernelMap& map, const DefibWindow& window, uint64_t vmemmap_base,
                 uint64_t page_struct_size) {
    // 32 TiB of memory with page structures of 64 bytes. What lies beyond is reached through the
    // page tables; without the limit, a dump that claims a segment at 2^62 would be walked for
    // hours.
    constexpr uint64_t MOST_BYTES = uint64_t{1} << 39;
    const uint64_t size = std::min(end_of(window) / 4096 * page_struct_size, MOST_BYTES);
    DefibLinear stretch{};
    const auto keep = [&] {
        if (stretch.size != 0 && map.linear_count < DEFIB_LINEAR_MAPS) {
            map.linear[map.linear_count++] = stretch;
        }
        stretch = {};
    };
    for (uint64_t at = 0; at < size && map.linear_count < DEFIB_LINEAR_MAPS; at += LARGE_PAGE) {
        const auto walk = runtime::walk_page_tables(window, map, vmemmap_base + at);
        const bool is_there = walk.death == DEFIB_DEATH_NONE && page_size(walk) == LARGE_PAGE;
        const bool continues = is_there && stretch.size != 0 &&
                               walk.physical == stretch.physical + stretch.size &&
                               vmemmap_base + at == stretch.first + stretch.size;
        if (continues) {
            stretch.size += LARGE_PAGE;
            continue;
        }
        keep();
        if (is_there) stretch = {vmemmap_base + at, LARGE_PAGE, walk.physical};
    }
    keep();
}

}  // namespace defib::boot
