// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/detect.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

struct Detect : ::testing::Test {
    // Counts its runs in what it keeps; dies in those that `dies` says.
    uint32_t add_counter() {
        return engine.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, const uint64_t* with) {
            auto* count = static_cast<uint64_t*>(defib_memory(&context, 16));
            count[0] += with[0];
            count[1] = defib_now(&context);
            if (dies) defib_die(&context, DEFIB_DEATH_OWN);
            return count[0];
        });
    }
    const DefibContext* run_once(uint32_t number, uint64_t now_ns) {
        const uint64_t arguments[DEFIB_ARGUMENTS] = {2};
        return detect(engine.state(), number, arguments, now_ns);
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
    bool dies = false;
};

TEST_F(Detect, KeepsItsMemoryAndNobodyElses) {
    const uint32_t counter = add_counter();
    engine.state().detectors[0].routine = counter;
    engine.state().detectors[1].routine = counter;
    EXPECT_EQ(run_once(0, 5)->result, 2U);
    EXPECT_EQ(run_once(0, 6)->result, 4U);
    EXPECT_EQ(run_once(1, 7)->result, 2U);
    EXPECT_EQ(engine.state().memory[0][1], 6U);
    EXPECT_EQ(engine.state().memory[1][1], 7U);
}

TEST_F(Detect, ForgetsWhatADyingRunSaw) {
    engine.state().detectors[0].routine = add_counter();
    run_once(0, 5);
    dies = true;
    EXPECT_EQ(run_once(0, 6)->death, uint32_t{DEFIB_DEATH_OWN});
    dies = false;
    EXPECT_EQ(run_once(0, 7)->result, 4U);
}

TEST_F(Detect, IsNotThereWhereItIsOff) {
    engine.state().detectors[0].routine = DEFIB_ROUTINES;
    EXPECT_EQ(run_once(0, 5), nullptr);
    EXPECT_EQ(run_once(DEFIB_DETECTORS, 5), nullptr);
}

TEST_F(Detect, GivesMemoryToDetectorsOnlyAndNoMoreThanThereIs) {
    const uint32_t asks =
        engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, const auto* size) {
            void* memory = defib_memory(&context, static_cast<uint32_t>(size[0]));
            EXPECT_EQ(memory, context.sink);
            return uint64_t{0};
        });
    DefibContext& context = engine.state().replicas[0];
    const uint64_t little[DEFIB_ARGUMENTS] = {8};
    begin(context, memory.target(), 100, DEFIB_STORES_DENIED, {});
    run(context, asks, little);
    EXPECT_EQ(context.death, uint32_t{DEFIB_DEATH_MEMORY});

    engine.state().detectors[0].routine = asks;
    const uint64_t too_much[DEFIB_ARGUMENTS] = {DEFIB_MEMORY_SIZE + 1};
    EXPECT_EQ(detect(engine.state(), 0, too_much, 1)->death, uint32_t{DEFIB_DEATH_MEMORY});
}

}  // namespace
}  // namespace defib::runtime
