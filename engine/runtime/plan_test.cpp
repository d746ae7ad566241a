// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/plan.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/testing/synthetic_memory.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;

constexpr uint64_t OBJECT = 0x110000;
constexpr uint64_t VMALLOC = 0xffffc90000000000;

struct Plan : ::testing::Test {
    Plan() { begin(*context, memory.target(), 1000, DEFIB_STORES_PLANNED, {}); }

    void store(uint64_t physical, uint64_t value, uint32_t size, uint32_t field = 0) {
        defib_store(context.get(), SyntheticMemory::direct(physical), value, size, field);
    }
    uint64_t load(uint64_t physical, uint32_t size) {
        return defib_load(context.get(), SyntheticMemory::direct(physical), size);
    }
    DefibOutcome commit_it() { return commit(memory.target(), context->plan, made); }

    SyntheticMemory memory;
    std::unique_ptr<DefibContext> context = std::make_unique<DefibContext>();
    uint32_t made = 99;
};

TEST_F(Plan, WritesNothingBeforeItIsCommitted) {
    memory.write<uint64_t>(OBJECT, 1);
    store(OBJECT, 2, 8);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 1U);
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_COMMITTED);
    EXPECT_EQ(made, 1U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 2U);
}

TEST_F(Plan, IsWhatLaterLoadsSee) {
    memory.write<uint64_t>(OBJECT, 0x1111111111111111);
    store(OBJECT + 2, 0xabcd, 2);
    EXPECT_EQ(load(OBJECT, 8), 0x11111111abcd1111U);
    EXPECT_EQ(load(OBJECT + 3, 1), 0xabU);
    EXPECT_EQ(load(OBJECT + 4, 4), 0x11111111U);
    store(OBJECT + 2, 0x2222, 2);
    EXPECT_EQ(load(OBJECT, 8), 0x1111111122221111U);
    EXPECT_EQ(context->plan.count, 1U) << "a second store to the same place replaces the first";
}

TEST_F(Plan, IsNotFollowedWhereAPointerOfTheKernelsIsAskedFor) {
    const auto pointer = [&](uint64_t physical) {
        return load(physical, 8 | DEFIB_LOAD_UNPLANNED);
    };
    memory.write<uint64_t>(OBJECT, 5);
    EXPECT_EQ(pointer(OBJECT), 5U);
    store(OBJECT + 8, 2, 8);
    EXPECT_EQ(pointer(OBJECT), 5U);
    EXPECT_EQ(pointer(OBJECT + 8), 0U);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_OWN_POINTER});
    begin(*context, memory.target(), 1000, DEFIB_STORES_PLANNED, {});
    store(OBJECT + 7, 2, 1);  // one byte of it
    EXPECT_EQ(pointer(OBJECT), 0U);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_OWN_POINTER});
}

TEST_F(Plan, DiesOnDifferentWidthsThatOverlap) {
    store(OBJECT, 1, 8);
    store(OBJECT + 4, 1, 4);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_PLAN_OVERLAP});
}

TEST_F(Plan, DiesWhenFull) {
    for (uint64_t i = 0; i < DEFIB_PLAN_STORES; i++) store(OBJECT + i * 8, i, 8);
    EXPECT_EQ(context->death, 0U);
    store(OBJECT + 0x1000, 1, 8);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_PLAN_FULL});
}

TEST_F(Plan, RefusesMisalignedAndForbiddenStores) {
    store(OBJECT + 2, 1, 4);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_MISALIGNED});
    begin(*context, memory.target(), 1000, DEFIB_STORES_DENIED, {});
    store(OBJECT, 1, 4);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_STORE_DENIED});
    EXPECT_EQ(context->plan.count, 0U);
}

TEST_F(Plan, IsNotWrittenAtAllWhenOneOldValueHasChanged) {
    store(OBJECT, 1, 8);
    store(OBJECT + 8, 2, 8);
    memory.write<uint64_t>(OBJECT + 8, 77);
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_STALE);
    EXPECT_EQ(made, 0U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 77U);
}

TEST_F(Plan, StopsAtAStoreWhoseOldValueAnEarlierOneTookAway) {
    store(OBJECT, 1, 8);
    store(OBJECT + 8, 2, 8);
    // The second store's place is the first one's: both old values hold before, one afterwards.
    context->plan.stores[1].address = context->plan.stores[0].address;
    context->plan.stores[1].physical = context->plan.stores[0].physical;
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_PARTIAL);
    EXPECT_EQ(made, 1U);
}

TEST_F(Plan, IsRefusedWhenItsAddressHasMovedMeanwhile) {
    memory.map(VMALLOC, 0x123000, 12);
    defib_store(context.get(), VMALLOC, 5, 8, 0);
    memory.map(VMALLOC, 0x124000, 12);
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_REFUSED);
    EXPECT_EQ(memory.read<uint64_t>(0x123000), 0U);
    EXPECT_EQ(memory.read<uint64_t>(0x124000), 0U);
}

TEST_F(Plan, IsForShowOnADump) {
    store(OBJECT, 1, 8);
    memory.target().window.flags = DEFIB_WINDOW_READ_ONLY;
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_READ_ONLY);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0U);
}

TEST_F(Plan, CanBeTakenBackExceptWhereTheTargetWentOn) {
    memory.write<uint64_t>(OBJECT, 10);
    memory.write<uint64_t>(OBJECT + 8, 20);
    store(OBJECT, 11, 8);
    store(OBJECT + 8, 21, 8);
    ASSERT_EQ(commit_it(), DEFIB_OUTCOME_COMMITTED);
    memory.write<uint64_t>(OBJECT + 8, 500);
    EXPECT_EQ(undo(memory.target(), context->plan, made), 1U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 10U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 500U);
}

TEST(NarrowStores, CoverTheChangeWithOneAlignedPowerOfTwo) {
    struct Case {
        uint64_t old_value, new_value;
        uint32_t size, field;
        uint32_t expected_offset, expected_size;
        uint64_t expected_value;
    };
    constexpr Case CASES[] = {
        {0x80000000000000ff, 0x80000000000200ff, 8, 0, 2, 1, 0x02},
        {0x0000, 0x0100, 2, 0, 1, 1, 0x01},
        {0x00000000, 0x00ffff00, 4, 0, 0, 4, 0x00ffff00},
        {0x1111111111111111, 0x2222111111111111, 8, 0, 6, 2, 0x2222},
        {0x1111111111111111, 0x1111112222111111, 8, 0, 0, 8, 0x1111112222111111},
        {0, ~uint64_t{0}, 8, 0, 0, 8, ~uint64_t{0}},
        {5, 5, 8, 0, 0, 0, 0},
        // Half a pointer is worse than a lost one.
        {0xffff888000000000, 0xffff888000000040, 8, DEFIB_STORE_WHOLE, 0, 8, 0xffff888000000040},
    };
    for (const Case& one : CASES) {
        const DefibStore store = {SyntheticMemory::direct(OBJECT),
                                  OBJECT,
                                  one.old_value,
                                  one.new_value,
                                  one.size,
                                  one.field};
        const Slice slice = narrow(store);
        EXPECT_EQ(slice.offset, one.expected_offset) << std::hex << one.new_value;
        EXPECT_EQ(slice.size, one.expected_size) << std::hex << one.new_value;
        EXPECT_EQ(slice.value, one.expected_value) << std::hex << one.new_value;
    }
}

TEST(NarrowStores, ArriveAtTheRightBytes) {
    SyntheticMemory memory;
    memory.write<uint64_t>(OBJECT, 0x1111111111111111);
    DefibPlan plan{};
    plan.count = 1;
    plan.stores[0] = {
        SyntheticMemory::direct(OBJECT), OBJECT, 0x1111111111111111, 0x1111332211111111, 8, 0};
    uint32_t made = 0;
    EXPECT_EQ(commit(memory.target(), plan, made), DEFIB_OUTCOME_COMMITTED);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0x1111332211111111U);
}

}  // namespace
}  // namespace defib::runtime
