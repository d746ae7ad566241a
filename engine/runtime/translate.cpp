// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/translate.h"

#include "engine/runtime/paging_x86_64.h"
#include "engine/runtime/window.h"

namespace defib::runtime {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;

Place found(const DefibWindow& window, uint64_t physical, uint64_t size) {
    const uint64_t backend = backend_of(window, physical, size);
    if (backend == 0) return {DEFIB_DEATH_WINDOW, 0, 0};
    return {DEFIB_DEATH_NONE, physical, backend};
}

// A page that the window holds whole is remembered, so that a hit needs no bounds but the page's
// own.
void remember(const DefibWindow& window, DefibCache& cache, const Walk& walk, uint64_t address) {
    const uint64_t page_size = uint64_t{1} << walk.page_bits;
    const uint64_t backend = backend_of(window, walk.physical, page_size);
    if (backend == 0) return;
    DefibCachedPage& page = cache.pages[cache.next % DEFIB_CACHED_PAGES];
    cache.next++;
    page = {~(page_size - 1), address & ~(page_size - 1), walk.physical, backend};
}

}  // namespace

// Not inlined: with it every load of a routine would be half a kilobyte of PTX.
[[gnu::noinline]] Place translate(const DefibTarget& target, DefibCache& cache, uint64_t address,
                                  uint64_t size) {
    const DefibKernelMap& map = target.map;
    if (!is_kernel_address(map, address)) return {DEFIB_DEATH_ADDRESS, 0, 0};
    if ((address & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return {DEFIB_DEATH_STRADDLE, 0, 0};

    const uint32_t count =
        map.linear_count < DEFIB_LINEAR_MAPS ? map.linear_count : DEFIB_LINEAR_MAPS;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        const DefibLinear& linear = map.linear[i];
        if (address < linear.first || size > linear.size) continue;
        if (address - linear.first > linear.size - size) continue;
        return found(target.window, linear.physical + (address - linear.first), size);
    }

#pragma clang loop unroll(disable)
    for (const DefibCachedPage& page : cache.pages) {
        if (page.mask == 0 || (address & page.mask) != page.page) continue;
        const uint64_t within = address & ~page.mask;
        return {DEFIB_DEATH_NONE, page.physical + within, page.backend + within};
    }

    const Walk walk = walk_page_tables(target.window, map, address);
    if (walk.death != DEFIB_DEATH_NONE) return {walk.death, 0, 0};
    remember(target.window, cache, walk, address);
    return found(target.window, walk.physical + (address & ((uint64_t{1} << walk.page_bits) - 1)),
                 size);
}

void forget_translations(DefibCache& cache) {
#pragma clang loop unroll(disable)
    for (DefibCachedPage& page : cache.pages) page.mask = 0;
    cache.next = 0;
}

}  // namespace defib::runtime
