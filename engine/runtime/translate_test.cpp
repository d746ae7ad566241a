// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/translate.h"

#include <gtest/gtest.h>

#include "engine/runtime/testing/synthetic_memory.h"
#include "engine/runtime/window.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;

constexpr uint64_t VMALLOC = 0xffffc90000000000;

struct Translate : ::testing::TestWithParam<uint32_t> {
    Place place(uint64_t address, uint64_t size = 8) {
        return translate(memory.target(), cache, address, size);
    }
    void expect_place(uint64_t address, uint64_t physical) {
        const Place found = place(address);
        ASSERT_EQ(found.death, uint32_t{DEFIB_DEATH_NONE}) << std::hex << address;
        EXPECT_EQ(found.physical, physical);
        EXPECT_EQ(found.backend, reinterpret_cast<uint64_t>(memory.at(physical)));
    }

    SyntheticMemory memory{GetParam()};
    DefibCache cache{};
};

INSTANTIATE_TEST_SUITE_P(Levels, Translate, ::testing::Values(4U, 5U));

TEST_P(Translate, SubtractsInTheDirectMapAndTheImage) {
    expect_place(SyntheticMemory::direct(0x3000), 0x3000);
    expect_place(SyntheticMemory::direct(SyntheticMemory::HIGH_START + 0x10),
                 SyntheticMemory::HIGH_START + 0x10);
    expect_place(SyntheticMemory::IMAGE + 0x40, SyntheticMemory::IMAGE_PHYSICAL + 0x40);
}

TEST_P(Translate, RefusesTheHoleBetweenTheRanges) {
    EXPECT_EQ(place(SyntheticMemory::direct(SyntheticMemory::LOW_SIZE)).death,
              uint32_t{DEFIB_DEATH_WINDOW});
    EXPECT_EQ(place(SyntheticMemory::direct(SyntheticMemory::HIGH_START - 8)).death,
              uint32_t{DEFIB_DEATH_WINDOW});
    expect_place(SyntheticMemory::direct(SyntheticMemory::LOW_SIZE - 8),
                 SyntheticMemory::LOW_SIZE - 8);
}

TEST_P(Translate, WalksToSmallAndLargePages) {
    memory.map(VMALLOC, 0x123000, 12);
    memory.map(VMALLOC + (2U << 20), 0x200000, 21);
    memory.map(VMALLOC + (uint64_t{1} << 30), uint64_t{1} << 32, 30);
    expect_place(VMALLOC + 0x18, 0x123018);
    expect_place(VMALLOC + (2U << 20) + 0x12340, 0x212340);
    expect_place(VMALLOC + (uint64_t{1} << 30) + 0x100008, (uint64_t{1} << 32) + 0x100008);
    // The large page reaches past the range's end: its far half is not there.
    EXPECT_EQ(place(VMALLOC + (uint64_t{1} << 30) + SyntheticMemory::HIGH_SIZE).death,
              uint32_t{DEFIB_DEATH_WINDOW});
}

TEST_P(Translate, TakesTheEncryptionBitOutOfEveryEntry) {
    constexpr uint64_t ENCRYPTED = uint64_t{1} << 47;
    memory.target().map.encryption_mask = ENCRYPTED;
    memory.map(VMALLOC, 0x123000, 12, ENCRYPTED);
    expect_place(VMALLOC, 0x123000);
}

TEST_P(Translate, RefusesAddressesThatAreNotTheKernels) {
    const uint64_t below = GetParam() == 4 ? 0xffff7ffffffffff8 : 0xfefffffffffffff8;
    for (const uint64_t address :
         {uint64_t{0}, uint64_t{8}, uint64_t{0x00007fffffffe000}, uint64_t{0x4141414141414141},
          uint64_t{0x8000000000000000}, below, uint64_t{DEFIB_BINDING_ABSENT}}) {
        EXPECT_EQ(place(address).death, uint32_t{DEFIB_DEATH_ADDRESS}) << std::hex << address;
    }
}

TEST_P(Translate, RefusesWhatCrossesAPage) {
    EXPECT_EQ(place(SyntheticMemory::direct(0x2ffc)).death, uint32_t{DEFIB_DEATH_STRADDLE});
    EXPECT_EQ(place(~uint64_t{0}).death, uint32_t{DEFIB_DEATH_STRADDLE});
    expect_place(SyntheticMemory::direct(0x2ff8), 0x2ff8);
}

TEST_P(Translate, SaysWhatIsNotMapped) {
    memory.map(VMALLOC, 0x123000, 12);
    EXPECT_EQ(place(VMALLOC + 0x1000).death, uint32_t{DEFIB_DEATH_NOT_MAPPED});
    EXPECT_EQ(place(VMALLOC + (uint64_t{1} << 40)).death, uint32_t{DEFIB_DEATH_NOT_MAPPED});
}

TEST_P(Translate, RefusesALargePageAboveOneGigabyte) {
    memory.map(VMALLOC, 0, GetParam() == 4 ? 39 : 48, 0x80);
    EXPECT_EQ(place(VMALLOC).death, uint32_t{DEFIB_DEATH_NOT_MAPPED});
}

TEST_P(Translate, RemembersAPageUntilToldToForget) {
    memory.map(VMALLOC, 0x123000, 12);
    expect_place(VMALLOC, 0x123000);
    memory.map(VMALLOC, 0x124000, 12);
    expect_place(VMALLOC + 8, 0x123008);
    forget_translations(cache);
    expect_place(VMALLOC + 8, 0x124008);
}

TEST(Window, HasNoPlaceForWhatWrapsOrReachesOut) {
    DefibWindow window{};
    window.count = 1;
    window.ranges[0] = {0x1000, 0x2000, 0x7000};
    EXPECT_EQ(backend_of(window, 0x1000, 0x2000), 0x7000U);
    EXPECT_EQ(backend_of(window, 0x2ff8, 8), 0x8ff8U);
    EXPECT_EQ(backend_of(window, 0x2ff9, 8), 0U);
    EXPECT_EQ(backend_of(window, 0xfff, 1), 0U);
    EXPECT_EQ(backend_of(window, 0x1000, ~uint64_t{0}), 0U);
    EXPECT_EQ(backend_of(window, ~uint64_t{0}, 8), 0U);
    EXPECT_EQ(backend_of(window, 0x2000, ~uint64_t{0} - 0x1000), 0U);
}

}  // namespace
}  // namespace defib::runtime
