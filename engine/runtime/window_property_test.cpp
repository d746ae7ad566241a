// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing outside the window can be reached: memory is filled with lies, in page tables and where
// pointers are, and random walks follow them. Pages around the window are inaccessible, so that one
// access too far ends the test program; and every place is also compared with the ranges.
#include <gtest/gtest.h>

#include <random>

#include "engine/abi/calls.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/testing/synthetic_memory.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;

bool is_inside(const DefibWindow& window, uint64_t backend, uint64_t size) {
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& range = window.ranges[i];
        if (backend >= range.backend && backend + size <= range.backend + range.size) return true;
    }
    return false;
}

class Liar {
  public:
    explicit Liar(uint64_t seed) : random_(seed) {}

    uint64_t any() { return random_(); }
    uint64_t below(uint64_t bound) { return random_() % bound; }

    // Physical addresses cluster where a bound could be off by one.
    uint64_t physical() {
        constexpr uint64_t EDGES[] = {0,
                                      SyntheticMemory::LOW_SIZE,
                                      SyntheticMemory::HIGH_START,
                                      SyntheticMemory::HIGH_START + SyntheticMemory::HIGH_SIZE,
                                      uint64_t{1} << 51,
                                      uint64_t{1} << 52};
        switch (below(4)) {
            case 0:
                return EDGES[below(std::size(EDGES))] + below(64) - 32;
            case 1:
                return EDGES[below(std::size(EDGES))] - 4096 * below(3);
            case 2:
                return below(SyntheticMemory::LOW_SIZE);
            default:
                return any();
        }
    }

    uint64_t table_entry() {
        const uint64_t flags = (below(8) != 0 ? 1 : 0) | (below(4) == 0 ? 0x80 : 0) | (any() << 63);
        return below(16) == 0 ? any() : (physical() & ~uint64_t{0xfff}) | flags;
    }

    uint64_t pointer() {
        switch (below(6)) {
            case 0:
                return SyntheticMemory::DIRECT_MAP + physical();
            case 1:
                return SyntheticMemory::IMAGE + below(2 * SyntheticMemory::IMAGE_SIZE) - 32;
            case 2:
                return 0xffffc90000000000 + below(uint64_t{1} << 45);
            case 3:
                return ~uint64_t{0} - below(64);
            case 4:
                return 0xffff800000000000 | any();
            default:
                return any();
        }
    }

  private:
    std::mt19937_64 random_;
};

void fill_with_lies(SyntheticMemory& memory, Liar& liar) {
    constexpr uint64_t TABLES = 0x20000;  // the top table and what entries of the low range hit
    for (uint64_t at = 0; at < SyntheticMemory::LOW_SIZE; at += 8) {
        const bool is_table = at < TABLES || liar.below(2) == 0;
        memory.write<uint64_t>(at, is_table ? liar.table_entry() : liar.pointer());
    }
    for (uint64_t at = 0; at < SyntheticMemory::HIGH_SIZE; at += 8) {
        memory.write<uint64_t>(SyntheticMemory::HIGH_START + at,
                               liar.below(2) == 0 ? liar.table_entry() : liar.pointer());
    }
}

// As wild as a binder that is broken could make it.
void lie_in_the_map(DefibKernelMap& map, Liar& liar) {
    map.page_table = liar.below(2) == 0 ? 0x1000 : liar.physical();
    map.encryption_mask = liar.below(2) == 0 ? 0 : liar.any();
    for (auto& linear : map.linear) linear = {liar.pointer(), liar.any(), liar.physical()};
    map.linear_count = static_cast<uint32_t>(liar.below(2UL * DEFIB_LINEAR_MAPS));
}

struct NothingOutsideTheWindow : ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Levels, NothingOutsideTheWindow, ::testing::Values(4U, 5U));

TEST_P(NothingOutsideTheWindow, IsAPlace) {
    uint64_t found = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        SyntheticMemory memory(GetParam());
        Liar liar(seed * 77 + GetParam());
        fill_with_lies(memory, liar);
        if (seed > 2) lie_in_the_map(memory.target().map, liar);
        DefibCache cache{};
        for (uint32_t i = 0; i < 100000; i++) {
            const uint64_t size = liar.below(8) == 0 ? liar.below(4096) + 1 : 8;
            const Place place = translate(memory.target(), cache, liar.pointer(), size);
            if (place.death != DEFIB_DEATH_NONE) continue;
            found++;
            ASSERT_TRUE(is_inside(memory.target().window, place.backend, size))
                << "seed " << seed << " step " << i;
        }
    }
    EXPECT_GT(found, 10000U) << "the lies are so wild that they test nothing";
}

TEST_P(NothingOutsideTheWindow, IsReadOrStoredByAWalkThatFollowsLies) {
    uint64_t alive = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        auto memory = std::make_unique<SyntheticMemory>(GetParam());
        Liar liar(seed * 1001 + GetParam());
        fill_with_lies(*memory, liar);
        if (seed > 3) lie_in_the_map(memory->target().map, liar);
        auto context = std::make_unique<DefibContext>();
        for (uint32_t walk = 0; walk < 20000; walk++) {
            begin(*context, memory->target(), 100, DEFIB_STORES_PLANNED, {});
            uint64_t address = liar.pointer();
            for (uint32_t step = 0; step < 12 && context->death == 0; step++) {
                const uint32_t size = 1U << liar.below(4);
                if (liar.below(8) == 0)
                    take_picture(*context, address, uint32_t{1} << liar.below(14));
                if (liar.below(4) == 0) defib_store(context.get(), address, liar.any(), size, 0);
                const uint64_t value = defib_load(context.get(), address, size);
                if (context->death == 0) alive++;
                address = liar.below(2) == 0 && size == 8 ? value + liar.below(64) : liar.pointer();
            }
        }
    }
    EXPECT_GT(alive, 1000U) << "the lies are so wild that they test nothing";
}

}  // namespace
}  // namespace defib::runtime
