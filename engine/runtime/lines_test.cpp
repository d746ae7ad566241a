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

TEST_F(Lines, KeepTheNewestEight) {
    for (uint64_t i = 0; i < 9; i++) memory.write<uint64_t>(AT + i * 0x100, i);
    for (uint64_t i = 0; i < 9; i++) EXPECT_EQ(load(AT + i * 0x100, 8), i);
    for (uint64_t i = 0; i < 9; i++) memory.write<uint64_t>(AT + i * 0x100, 100 + i);
    EXPECT_EQ(load(AT + uint64_t{8} * 0x100, 8), 8U);
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

}  // namespace
}  // namespace defib::runtime
