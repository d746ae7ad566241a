// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/paging_x86_64.h"

#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::runtime {
namespace {

constexpr uint64_t ENTRY_PRESENT = 1;
constexpr uint64_t ENTRY_LARGE = 1U << 7;  // _PAGE_PSE
constexpr uint64_t ENTRY_ADDRESS = 0x000ffffffffff000;
constexpr uint32_t BITS_A_LEVEL = 9;
constexpr uint32_t PAGE_BITS = 12;
constexpr uint32_t PAGE_BITS_2M = 21;
constexpr uint32_t PAGE_BITS_1G = 30;
constexpr uint32_t FIVE_LEVELS = 5;

uint32_t top_shift(const DefibKernelMap& map) {
    return map.levels == FIVE_LEVELS ? 48 : 39;
}

}  // namespace

bool is_kernel_address(const DefibKernelMap& map, uint64_t address) {
    const uint32_t sign_bit = top_shift(map) + BITS_A_LEVEL - 1;
    return address >> sign_bit == ~uint64_t{0} >> sign_bit;
}

Walk walk_page_tables(const DefibWindow& window, const DefibKernelMap& map, uint64_t address) {
    const uint64_t address_bits = ENTRY_ADDRESS & ~map.encryption_mask;
    uint64_t table = map.page_table & address_bits;
#pragma clang loop unroll(disable)
    for (uint32_t shift = top_shift(map); shift >= PAGE_BITS; shift -= BITS_A_LEVEL) {
        const uint64_t index = address >> shift & ((1U << BITS_A_LEVEL) - 1);
        const uint64_t place = backend_of(window, table + index * 8, 8);
        if (place == 0) return {DEFIB_DEATH_WINDOW, 0, 0};
        const uint64_t entry = read_any(place, 8);
        if (!(entry & ENTRY_PRESENT)) return {DEFIB_DEATH_NOT_MAPPED, 0, 0};
        const uint64_t target = entry & address_bits;
        if (shift == PAGE_BITS) return {DEFIB_DEATH_NONE, shift, target};
        if (entry & ENTRY_LARGE) {
            // Bit 7 is reserved above 1 GB: an entry that has it there is not a page table's.
            if (shift != PAGE_BITS_2M && shift != PAGE_BITS_1G) {
                return {DEFIB_DEATH_NOT_MAPPED, 0, 0};
            }
            return {DEFIB_DEATH_NONE, shift, target & ~((uint64_t{1} << shift) - 1)};
        }
        table = target;
    }
    return {DEFIB_DEATH_NOT_MAPPED, 0, 0};
}

}  // namespace defib::runtime
