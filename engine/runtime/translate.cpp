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
    const bool straddles = (address & (PAGE_SIZE - 1)) + size > PAGE_SIZE;
    if (!straddles) {
        const uint64_t stretches =
            target.stretch_count < DEFIB_STRETCHES ? target.stretch_count : DEFIB_STRETCHES;
#pragma clang loop unroll(disable)
        for (uint64_t i = 0; i < stretches; i++) {
            const DefibStretch& stretch = target.stretches[i];
            const uint64_t within = address - stretch.first;  // wraps below it
            if (within >= stretch.size || size > stretch.size - within) continue;
            return {DEFIB_DEATH_NONE, stretch.physical + within, stretch.backend + within};
        }
    }
    const DefibKernelMap& map = target.map;
    if (!is_kernel_address(map, address)) return {DEFIB_DEATH_ADDRESS, 0, 0};
    if (straddles) return {DEFIB_DEATH_STRADDLE, 0, 0};

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

void prepare(DefibTarget& target) {
    target.stretch_count = 0;
    const DefibKernelMap& map = target.map;
    const uint32_t maps =
        map.linear_count < DEFIB_LINEAR_MAPS ? map.linear_count : DEFIB_LINEAR_MAPS;
    const uint32_t ranges =
        target.window.count < DEFIB_WINDOW_RANGES ? target.window.count : DEFIB_WINDOW_RANGES;
    for (uint32_t i = 0; i < maps; i++) {
        const DefibLinear& linear = map.linear[i];
        const uint64_t last = linear.first + linear.size - 1;
        if (linear.size == 0 || last < linear.first || linear.physical + linear.size < linear.size)
            continue;
        if (!is_kernel_address(map, linear.first) || !is_kernel_address(map, last)) continue;
        for (uint32_t k = 0; k < ranges; k++) {
            const DefibRange& range = target.window.ranges[k];
            const uint64_t from =
                linear.physical > range.physical ? linear.physical : range.physical;
            const uint64_t linear_end = linear.physical + linear.size;
            const uint64_t range_end = range.physical + range.size;
            const uint64_t end = linear_end < range_end ? linear_end : range_end;
            if (from >= end || target.stretch_count == DEFIB_STRETCHES) continue;
            target.stretches[target.stretch_count++] = {linear.first + (from - linear.physical),
                                                        end - from, from,
                                                        range.backend + (from - range.physical)};
        }
    }
}

void forget_translations(DefibCache& cache) {
#pragma clang loop unroll(disable)
    for (DefibCachedPage& page : cache.pages) page.mask = 0;
    cache.next = 0;
}

}  // namespace defib::runtime
