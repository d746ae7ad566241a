// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/testing/synthetic_memory.h"

#include <sys/mman.h>

#include <cstdlib>

#include "engine/runtime/translate.h"

namespace defib::testing {
namespace {

constexpr uint64_t GUARD = 1U << 20;
constexpr uint64_t RESERVED =
    GUARD + SyntheticMemory::LOW_SIZE + GUARD + SyntheticMemory::HIGH_SIZE + GUARD;
constexpr uint64_t TABLES_END = 0x100000;
constexpr uint64_t ENTRY_ADDRESS = 0x000ffffffffff000;

uint8_t* open_range(uint8_t* start, uint64_t size) {
    if (mprotect(start, size, PROT_READ | PROT_WRITE) != 0) std::abort();
    return start;
}

}  // namespace

SyntheticMemory::SyntheticMemory(uint32_t levels) : target_(std::make_unique<DefibTarget>()) {
    void* all =
        mmap(nullptr, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) std::abort();
    reserved_ = static_cast<uint8_t*>(all);
    uint8_t* low = open_range(reserved_ + GUARD, LOW_SIZE);
    uint8_t* high = open_range(low + LOW_SIZE + GUARD, HIGH_SIZE);
    target_->window.count = 2;
    target_->window.ranges[0] = {0, LOW_SIZE, reinterpret_cast<uint64_t>(low)};
    target_->window.ranges[1] = {HIGH_START, HIGH_SIZE, reinterpret_cast<uint64_t>(high)};
    DefibKernelMap& map = target_->map;
    map.architecture = DEFIB_ARCHITECTURE_X86_64;
    map.levels = levels;
    map.page_table = new_table();
    map.linear_count = 2;
    map.linear[0] = {DIRECT_MAP, HIGH_START + HIGH_SIZE, 0};
    map.linear[1] = {IMAGE, IMAGE_SIZE, IMAGE_PHYSICAL};
    runtime::prepare(*target_);
}

SyntheticMemory::~SyntheticMemory() {
    munmap(reserved_, RESERVED);
}

uint8_t* SyntheticMemory::at(uint64_t physical) const {
    for (uint32_t i = 0; i < target_->window.count; i++) {
        const DefibRange& range = target_->window.ranges[i];
        if (physical >= range.physical && physical - range.physical < range.size) {
            // NOLINTNEXTLINE(performance-no-int-to-ptr): a range's backend is an address by design
            return reinterpret_cast<uint8_t*>(range.backend + (physical - range.physical));
        }
    }
    std::abort();
}

uint64_t SyntheticMemory::new_table() {
    if (next_table_ >= TABLES_END) std::abort();
    const uint64_t table = next_table_;
    next_table_ += 4096;
    return table;
}

void SyntheticMemory::map(uint64_t address, uint64_t physical, uint32_t page_bits,
                          uint64_t extra_bits) {
    uint64_t table = target_->map.page_table;
    for (uint32_t shift = target_->map.levels == 5 ? 48 : 39;; shift -= 9) {
        const uint64_t entry = table + (address >> shift & 511) * 8;
        if (shift == page_bits) {
            const uint64_t large = page_bits > 12 ? 0x80 : 0;
            write<uint64_t>(entry, physical | large | extra_bits | 3);
            return;
        }
        if (read<uint64_t>(entry) == 0) write<uint64_t>(entry, new_table() | extra_bits | 3);
        table = read<uint64_t>(entry) & ENTRY_ADDRESS & ~extra_bits;
    }
}

}  // namespace defib::testing
