// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lines.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

constexpr uint64_t AT = 0x110000;

// As a GPU's view does it, on the twin, which by itself holds no lines.
struct Lines : ::testing::Test {
    Lines() {
        DefibContext& one = context();
        begin(one, memory.target(), 1000, DEFIB_STORES_DENIED, {});
        one.lines = {};
        one.lines.use = DEFIB_LINES_OWN;
        one.near.size = 0;
    }
    DefibContext& context() { return engine.state().replicas[0]; }
    uint64_t load(uint64_t physical, uint32_t size) {
        return defib_load(&context(), SyntheticMemory::direct(physical), size);
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
};

TEST_F(Lines, BringWhatLiesAroundAWord) {
    memory.write<uint64_t>(AT, 1);
    memory.write<uint32_t>(AT + 0xfc, 2);
    EXPECT_EQ(load(AT, 8), 1U);
    // What has changed since is not seen: the line is as old as its fetch.
    memory.write<uint32_t>(AT + 0xfc, 3);
    EXPECT_EQ(load(AT + 0xfc, 4), 2U);
    // The next line was not fetched.
    memory.write<uint32_t>(AT + 0x100, 4);
    EXPECT_EQ(load(AT + 0x100, 4), 4U);
}

TEST_F(Lines, AreDroppedForANewLife) {
    memory.write<uint64_t>(AT, 1);
    EXPECT_EQ(load(AT, 8), 1U);
    memory.write<uint64_t>(AT, 2);
    begin(context(), memory.target(), 1000, DEFIB_STORES_DENIED, {});
    EXPECT_EQ(load(AT, 8), 2U);
}

TEST_F(Lines, ServeEveryWidthAtEveryPlace) {
    for (uint32_t i = 0; i < 8; i++)
        memory.write<uint8_t>(AT + 0x20 + i, static_cast<uint8_t>(i + 1));
    EXPECT_EQ(load(AT + 0x23, 1), 4U);
    EXPECT_EQ(load(AT + 0x22, 2), 0x0403U);
    EXPECT_EQ(load(AT + 0x21, 4), 0x05040302U);
    EXPECT_EQ(load(AT + 0x20, 8), 0x0807060504030201U);
}

TEST_F(Lines, LeaveAWordAcrossTheirEndToMemory) {
    memory.write<uint64_t>(AT + 0xfc, 0x1122334455667788);
    EXPECT_EQ(load(AT + 0xfc, 8), 0x1122334455667788U);
}

TEST_F(Lines, KeepTheNewest) {
    for (uint64_t i = 0; i <= DEFIB_LINES; i++) memory.write<uint64_t>(AT + i * 0x100, i);
    for (uint64_t i = 0; i <= DEFIB_LINES; i++) EXPECT_EQ(load(AT + i * 0x100, 8), i);
    for (uint64_t i = 0; i <= DEFIB_LINES; i++) memory.write<uint64_t>(AT + i * 0x100, 100 + i);
    EXPECT_EQ(load(AT + uint64_t{DEFIB_LINES} * 0x100, 8), DEFIB_LINES);
    EXPECT_EQ(load(AT, 8), 100U);
}

TEST_F(Lines, EndTheRoutineWhereThereIsNoMemory) {
    EXPECT_EQ(load(SyntheticMemory::LOW_SIZE + 0x1000, 8), 0U);
    EXPECT_EQ(context().death, uint32_t{DEFIB_DEATH_WINDOW});
}

TEST_F(Lines, EndWhereTheWindowEnds) {
    // Half of the line is beyond it: the word is read where it is.
    auto& range = memory.target().window.ranges[0];
    range.size = AT + 0x80;
    memory.write<uint64_t>(AT + 0x78, 7);
    EXPECT_EQ(load(AT + 0x78, 8), 7U);
    EXPECT_EQ(context().death, uint32_t{DEFIB_DEATH_NONE});
}

// As a GPU's replica has them.
struct ProvedLines : Lines {
    ProvedLines() { restart(); }
    void restart() {
        begin(context(), memory.target(), 100000, DEFIB_STORES_PLANNED, {});
        context().lines.use = DEFIB_LINES_PROVED;
        context().lines.next = 0;
        context().near.size = 0;
    }
    void store(uint64_t physical, uint64_t value, uint32_t size) {
        defib_store(&context(), SyntheticMemory::direct(physical), value, size, 1);
    }
    uint32_t death_at_the_end() {
        if (context().death == DEFIB_DEATH_NONE) confirm_lines(context());
        return context().death;
    }
};

TEST_F(ProvedLines, HoldWhileMemoryIsAsItWasServed) {
    memory.write<uint64_t>(AT, 1);
    EXPECT_EQ(load(AT, 8), 1U);
    EXPECT_EQ(load(AT + 8, 8), 0U);
    EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_NONE});
}

TEST_F(ProvedLines, AreTornByEachWordThatWasServedAndHasChanged) {
    for (uint64_t word = 0; word < DEFIB_LINE_SIZE / 8; word++) {
        restart();
        EXPECT_EQ(load(AT, 8), 0U);
        EXPECT_EQ(load(AT + word * 8 + 3, 1), 0U);
        memory.write<uint8_t>(AT + word * 8 + 7, 1);  // another byte of the word
        EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_TORN}) << word;
        memory.write<uint8_t>(AT + word * 8 + 7, 0);
    }
}

TEST_F(ProvedLines, AreTornByAnUnalignedReadsSecondWord) {
    EXPECT_EQ(load(AT + 6, 4), 0U);
    memory.write<uint64_t>(AT + 8, 1);
    EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_TORN});
}

TEST_F(ProvedLines, DoNotCareForWordsThatNobodyAskedFor) {
    EXPECT_EQ(load(AT, 8), 0U);
    memory.write<uint64_t>(AT + 8, 1);
    EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_NONE});
}

TEST_F(ProvedLines, AreLookedAtOnceMoreBeforeTheirPlaceIsTaken) {
    EXPECT_EQ(load(AT, 8), 0U);
    memory.write<uint64_t>(AT, 1);
    for (uint64_t i = 1; i < DEFIB_LINES; i++) EXPECT_EQ(load(AT + i * 0x100, 8), 0U);
    EXPECT_EQ(context().death, uint32_t{DEFIB_DEATH_NONE});
    load(AT + uint64_t{DEFIB_LINES} * 0x100, 8);
    EXPECT_EQ(context().death, uint32_t{DEFIB_DEATH_TORN});
}

TEST_F(ProvedLines, ShowWhatWasPlannedOverThem) {
    memory.write<uint64_t>(AT, 0x1111111111111111);
    EXPECT_EQ(load(AT, 8), 0x1111111111111111U);
    store(AT + 2, 0x22, 1);
    EXPECT_EQ(load(AT, 8), 0x1111111111221111U);
    EXPECT_EQ(load(AT + 2, 1), 0x22U);
    // The same of a line that is fetched only then.
    store(AT + 0x208, 7, 8);
    EXPECT_EQ(load(AT + 0x208, 8), 7U);
    EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_NONE});
}

TEST_F(ProvedLines, DoNotLendAPointerThatWasPlanned) {
    store(AT, 0xffff888000001000, 8);
    EXPECT_EQ(load(AT, 8 | DEFIB_LOAD_UNPLANNED), 0U);
    EXPECT_EQ(context().death, uint32_t{DEFIB_DEATH_OWN_POINTER});
}

TEST_F(ProvedLines, GiveAStoreItsOldValueFromMemory) {
    EXPECT_EQ(load(AT, 8), 0U);
    memory.write<uint64_t>(AT, 5);
    store(AT, 6, 8);
    EXPECT_EQ(context().plan.stores[0].old_value, 5U);
    EXPECT_EQ(death_at_the_end(), uint32_t{DEFIB_DEATH_TORN});
}

}  // namespace
}  // namespace defib::runtime
