// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/testing/synthetic_memory.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;

constexpr uint64_t OBJECT = 0x110000;

struct Calls : ::testing::Test {
    void start(uint64_t fuel = 100, DefibStores stores = DEFIB_STORES_PLANNED) {
        begin(*context, memory.target(), fuel, stores,
              {reinterpret_cast<uint64_t>(room), sizeof(room), 0, 0, 0});
    }
    uint64_t load(uint64_t physical, uint32_t size) {
        return defib_load(context.get(), SyntheticMemory::direct(physical), size);
    }

    SyntheticMemory memory;
    std::unique_ptr<DefibContext> context = std::make_unique<DefibContext>();
    uint64_t room[16] = {};
};

TEST_F(Calls, LoadsEveryWidthZeroExtended) {
    memory.write<uint64_t>(OBJECT, 0xfedcba9876543210);
    start();
    EXPECT_EQ(load(OBJECT, 1), 0x10U);
    EXPECT_EQ(load(OBJECT + 2, 2), 0x7654U);
    EXPECT_EQ(load(OBJECT + 4, 4), 0xfedcba98U);
    EXPECT_EQ(load(OBJECT, 8), 0xfedcba9876543210U);
    EXPECT_EQ(load(OBJECT + 1, 4), 0x98765432U) << "a packed member";
}

TEST_F(Calls, DieAtTheFirstBadAddressAndKeepItsReason) {
    start();
    EXPECT_EQ(defib_load(context.get(), 0x4141414141414141, 8), 0U);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_ADDRESS});
    EXPECT_EQ(context->death_address, 0x4141414141414141U);
    const uint64_t fuel = context->fuel;
    memory.write<uint64_t>(OBJECT, 5);
    EXPECT_EQ(load(OBJECT, 8), 0U);
    defib_die(context.get(), DEFIB_DEATH_OWN + 3);
    EXPECT_FALSE(defib_charge(context.get(), 1));
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_ADDRESS});
    EXPECT_EQ(context->fuel, fuel);
}

TEST_F(Calls, RefuseAnOddWidth) {
    start();
    EXPECT_EQ(load(OBJECT, 3), 0U);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_WIDTH});
}

TEST_F(Calls, CostFuelAndDieWithoutIt) {
    start(DEFIB_FUEL_LOAD + DEFIB_FUEL_STORE + DEFIB_FUEL_RECORD + 7);
    load(OBJECT, 8);
    defib_store(context.get(), SyntheticMemory::direct(OBJECT), 1, 8, 0);
    defib_emit(context.get(), DEFIB_RECORD_OWN, 8);
    EXPECT_TRUE(defib_charge(context.get(), 7));
    EXPECT_EQ(context->fuel, 0U);
    EXPECT_EQ(context->death, 0U);
    EXPECT_FALSE(defib_charge(context.get(), 1));
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_FUEL});
}

TEST_F(Calls, GiveBindingsAndDieWhereTooFewAreBound) {
    memory.target().binding.count = 2;
    memory.target().binding.values[1] = 0x3f0;
    start();
    EXPECT_EQ(defib_bindings(context.get(), 2)[1], 0x3f0U);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_NONE});
    EXPECT_NE(defib_bindings(context.get(), 3), nullptr);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_SLOT});
}

TEST_F(Calls, EmitRecordsAndCountTheOnesWithoutRoom) {
    start();
    auto* first = static_cast<uint64_t*>(defib_emit(context.get(), DEFIB_RECORD_OWN, 12));
    first[0] = 1;
    defib_emit(context.get(), DEFIB_RECORD_OWN, 64);
    void* none = defib_emit(context.get(), DEFIB_RECORD_OWN, 64);
    EXPECT_EQ(none, context->sink);
    EXPECT_EQ(context->records.count, 2U);
    EXPECT_EQ(context->records.lost, 1U);
    // What one record left there, the next one does not find.
    static_cast<uint64_t*>(none)[7] = 77;
    EXPECT_EQ(static_cast<uint64_t*>(defib_emit(context.get(), DEFIB_RECORD_OWN, 64))[7], 0U);
    EXPECT_EQ(context->records.lost, 2U);
    EXPECT_EQ(context->records.used, 24U + 72U);
    EXPECT_EQ(context->death, 0U);
}

TEST_F(Calls, EmitNothingOnceDeadOrTooLarge) {
    start();
    EXPECT_EQ(defib_emit(context.get(), 300, DEFIB_RECORD_SIZE_MAX + 1), context->sink);
    EXPECT_EQ(context->death, uint32_t{DEFIB_DEATH_RECORD});
    EXPECT_EQ(defib_emit(context.get(), 300, 8), context->sink);
    EXPECT_EQ(context->records.count, 0U);
}

TEST_F(Calls, ServeLoadsFromAPictureAndOnlyThose) {
    // Across a page's end, and starting in the middle of a word.
    const uint64_t object = 0x110ff4;
    memory.write<uint32_t>(object, 0x11111111);
    memory.write<uint64_t>(0x111000, 0x2222222233333333);
    memory.write<uint64_t>(0x111100, 7);
    start(100, DEFIB_STORES_DENIED);
    take_picture(*context, SyntheticMemory::direct(object), 0x40);
    memory.write<uint32_t>(object, 0);
    memory.write<uint64_t>(0x111000, 0);
    memory.write<uint64_t>(0x111100, 8);
    EXPECT_EQ(load(object, 4), 0x11111111U);
    EXPECT_EQ(load(0x111000, 8), 0x2222222233333333U);
    EXPECT_EQ(load(0x111002, 4), 0x22223333U);
    EXPECT_EQ(load(0x111100, 8), 8U);
}

// What makes a picture one moment of an object: a second reading that is the same, to the last
// byte, also behind a page's end.
TEST_F(Calls, TellAPictureFromWhatChangedSince) {
    const uint64_t object = 0x110ff0;
    memory.write<uint64_t>(object, 1);
    memory.write<uint64_t>(object + 0x38, 2);
    start(100, DEFIB_STORES_DENIED);
    EXPECT_TRUE(is_still_so(*context));
    take_picture(*context, SyntheticMemory::direct(object), 0x40);
    EXPECT_TRUE(is_still_so(*context));
    memory.write<uint64_t>(object + 0x40, 3);  // beside it
    EXPECT_TRUE(is_still_so(*context));
    memory.write<uint8_t>(object + 0x3f, 1);
    EXPECT_FALSE(is_still_so(*context));
    memory.write<uint8_t>(object + 0x3f, 0);
    EXPECT_TRUE(is_still_so(*context));
}

TEST_F(Calls, HoldNoPictureOfWhatCannotBeRead) {
    start();
    take_picture(*context, SyntheticMemory::direct(SyntheticMemory::LOW_SIZE - 16), 64);
    EXPECT_EQ(context->picture.size, 0U);
    take_picture(*context, SyntheticMemory::direct(OBJECT), DEFIB_PICTURE_SIZE + 8);
    EXPECT_EQ(context->picture.size, 0U);
    take_picture(*context, ~uint64_t{0} - 8, 64);
    EXPECT_EQ(context->picture.size, 0U);
    EXPECT_EQ(context->death, 0U);
}

}  // namespace
}  // namespace defib::runtime
