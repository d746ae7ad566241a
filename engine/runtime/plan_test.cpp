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
    DefibOutcome commit_it() {
        *witness = context->plan;
        return commit(memory.target(), both(), made);
    }
    Agreed both() const { return {context->plan, *witness}; }

    SyntheticMemory memory;
    std::unique_ptr<DefibContext> context = std::make_unique<DefibContext>();
    std::unique_ptr<DefibPlan> witness = std::make_unique<DefibPlan>();
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

TEST_F(Plan, DiesOnASecondFieldAtTheSamePlace) {
    store(OBJECT, 1, 8, 3);
    store(OBJECT, 2, 8, 3 | DEFIB_STORE_WHOLE);
    EXPECT_EQ(context->death, 0U);
    store(OBJECT, 3, 8, 4);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_PLAN_OVERLAP});
    EXPECT_EQ(context->plan.stores[0].new_value, 2U);
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

// After two executions were found alike, and before the stores are made.
TEST_F(Plan, IsNotWrittenWhenABitOfOneReplicasFlipsAfterTheComparison) {
    memory.write<uint64_t>(OBJECT, 0x1111);
    memory.write<uint64_t>(OBJECT + 8, 0x2222);
    store(OBJECT, 0x1234, 8, 3);
    store(OBJECT + 8, 0x5678, 2, 4);
    *witness = context->plan;
    for (DefibPlan* hit : {&context->plan, witness.get()}) {
        for (uint64_t bit = 0; bit < 8 * (8 + 2 * sizeof(DefibStore)); bit++) {
            if (bit / 8 >= 4 && bit / 8 < 8) continue;  // `reserved` says nothing
            auto& byte = reinterpret_cast<uint8_t*>(hit)[bit / 8];
            const auto flip = static_cast<uint8_t>(1U << (bit % 8));
            byte ^= flip;
            EXPECT_EQ(commit(memory.target(), both(), made), DEFIB_OUTCOME_DISAGREED) << bit;
            byte ^= flip;
            EXPECT_EQ(made, 0U);
            EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0x1111U) << bit;
            EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0x2222U) << bit;
        }
    }
    EXPECT_EQ(commit(memory.target(), both(), made), DEFIB_OUTCOME_COMMITTED);
}

// The plan lies in the target's own memory here, so that its first store can be the flip.
TEST_F(Plan, IsComparedAgainAtEveryStore) {
    constexpr uint64_t PLAN = 0x120000;
    store(PLAN + offsetof(DefibPlan, stores) + sizeof(DefibStore) + offsetof(DefibStore, new_value),
          3, 8);
    store(OBJECT, 2, 8);
    context->plan.stores[0].old_value = 2;  // what is there once the plan is
    *witness = context->plan;
    auto& plan = *reinterpret_cast<DefibPlan*>(memory.at(PLAN));
    plan = *witness;
    const Agreed agreed{plan, *witness};
    EXPECT_EQ(commit(memory.target(), agreed, made), DEFIB_OUTCOME_PARTIAL);
    EXPECT_EQ(made, 1U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0U);
    EXPECT_EQ(undo(memory.target(), agreed, made), 0U);
    EXPECT_EQ(plan.stores[1].new_value, 2U);
}

TEST_F(Plan, IsForShowOnADump) {
    store(OBJECT, 1, 8);
    memory.target().window.flags = DEFIB_WINDOW_READ_ONLY;
    EXPECT_EQ(commit_it(), DEFIB_OUTCOME_READ_ONLY);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0U);
}

TEST_F(Plan, IsReadBackWhereItsLastStoreWent) {
    store(OBJECT, 11, 8);
    store(OBJECT + 8, 21, 4);
    EXPECT_EQ(read_back(memory.target(), both(), 0), 0U);
    ASSERT_EQ(commit_it(), DEFIB_OUTCOME_COMMITTED);
    EXPECT_EQ(read_back(memory.target(), both(), made), 21U);
    EXPECT_EQ(read_back(memory.target(), both(), 1), 11U);
    memory.write<uint32_t>(OBJECT + 8, 5);
    EXPECT_EQ(read_back(memory.target(), both(), made), 5U) << "the target went on";
}

TEST_F(Plan, CanBeTakenBackExceptWhereTheTargetWentOn) {
    memory.write<uint64_t>(OBJECT, 10);
    memory.write<uint64_t>(OBJECT + 8, 20);
    store(OBJECT, 11, 8);
    store(OBJECT + 8, 21, 8);
    ASSERT_EQ(commit_it(), DEFIB_OUTCOME_COMMITTED);
    memory.write<uint64_t>(OBJECT + 8, 500);
    EXPECT_EQ(undo(memory.target(), both(), made), 2U) << "the second one stands";
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
    const DefibPlan witness = plan;
    EXPECT_EQ(commit(memory.target(), {plan, witness}, made), DEFIB_OUTCOME_COMMITTED);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT), 0x1111332211111111U);
}

}  // namespace
}  // namespace defib::runtime
