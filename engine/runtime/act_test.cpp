// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A repair of several objects, in several steps: each object fails alone, the next step comes only
// where the one before succeeded, what passes by itself is tried again, and nobody else's object is
// touched.
#include "engine/runtime/act.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

constexpr uint64_t FIRST = 0x110000;
constexpr uint64_t STRIDE = 0x100;
constexpr uint64_t MARK = 77;

struct Chain : ::testing::Test {
    static uint64_t object(uint64_t number) {
        return SyntheticMemory::direct(FIRST + number * STRIDE);
    }
    uint64_t word(uint64_t number, uint64_t at = 0) {
        return memory.read<uint64_t>(FIRST + number * STRIDE + at * 8);
    }

    // Finds `count` objects.
    uint32_t add_collector(uint64_t count) {
        return engine.add(DEFIB_ROUTINE_READS, [this, count](DefibContext& context, auto given) {
            seen_by_collector = given[0];
            for (uint64_t i = 0; i < count; i++) {
                auto* record =
                    static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8));
                *record = object(i);
            }
            return 0;
        });
    }
    // Marks its object with the argument behind it.
    uint32_t add_marker() {
        return engine.add(DEFIB_ROUTINE_STORES, [](DefibContext& context, auto given) {
            defib_store(&context, given[0], given[1], 8, 5);
            return given[1];
        });
    }
    // Marks the second word of the object that it was given.
    uint32_t add_follower() {
        return engine.add(DEFIB_ROUTINE_STORES, [this](DefibContext& context, auto given) {
            followed++;
            defib_store(&context, object(9), given[0], 8, 6);
            return 0;
        });
    }
    DefibRoutine& line(uint32_t routine) { return engine.state().routines[routine]; }
    void act_with(uint32_t routine, uint64_t argument = MARK) {
        const uint64_t arguments[DEFIB_ARGUMENTS] = {argument};
        act(engine.state(), routine, arguments, 1, answer);
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
    DefibAnswer answer{};
    uint64_t seen_by_collector = 0;
    uint32_t followed = 0;
};

TEST_F(Chain, RepairsEachObjectAndGoesOn) {
    const uint32_t marker = add_marker();
    line(marker).collector = add_collector(3);
    line(marker).then = add_follower();
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    EXPECT_EQ(seen_by_collector, MARK);
    EXPECT_EQ(answer.objects, 4U);
    EXPECT_EQ(answer.torn, 0U);
    for (uint64_t i = 0; i < 3; i++) EXPECT_EQ(word(i), MARK);
    EXPECT_EQ(word(3), 0U);
    EXPECT_EQ(word(9), MARK);  // what follows gets what the chain was given, without the object
}

TEST_F(Chain, ShowsEachStore) {
    const uint32_t marker = add_marker();
    line(marker).collector = add_collector(2);
    act_with(marker);
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_STORE),
              (std::vector<uint64_t>{object(0), object(1)}));
    const auto* store =
        // NOLINTNEXTLINE(performance-no-int-to-ptr): records lie at an address of the backend
        reinterpret_cast<const DefibStoreRecord*>(answer.records.bytes + sizeof(DefibRecordHeader));
    EXPECT_EQ(store->old_value, 0U);
    EXPECT_EQ(store->new_value, MARK);
    EXPECT_EQ(store->size, 8U);
    EXPECT_EQ(store->field, 5U);
    EXPECT_EQ(store->routine, marker);
    EXPECT_EQ(store->is_made, 1U);
}

TEST_F(Chain, AnObjectThatFailsFailsAloneAndEndsTheChain) {
    const uint32_t marker = engine.add(DEFIB_ROUTINE_STORES, [](DefibContext& context, auto given) {
        if (given[0] == object(1)) defib_die(&context, DEFIB_REASON_GONE);
        defib_store(&context, given[0], given[1], 8, 5);
        return 0;
    });
    line(marker).collector = add_collector(3);
    line(marker).then = add_follower();
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DIED});
    EXPECT_EQ(answer.death, uint32_t{DEFIB_REASON_GONE});
    EXPECT_EQ(answer.routine, marker);
    EXPECT_EQ(answer.torn, 1U);
    EXPECT_EQ(word(0), MARK);
    EXPECT_EQ(word(1), 0U);
    EXPECT_EQ(word(2), MARK);
    EXPECT_EQ(followed, 0U);
}

TEST_F(Chain, HalfOfTheObjectsIsNotRepaired) {
    const uint32_t marker = add_marker();
    line(marker).collector = engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, auto) {
        *static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8)) = object(0);
        defib_die(&context, DEFIB_REASON_INIT);
        return 0;
    });
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DIED});
    EXPECT_EQ(answer.death, uint32_t{DEFIB_REASON_INIT});
    EXPECT_EQ(answer.incomplete, 1U);
    EXPECT_EQ(word(0), 0U);
}

TEST_F(Chain, NoObjectIsNoChange) {
    const uint32_t marker = add_marker();
    line(marker).collector = add_collector(0);
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_NO_CHANGE});
    EXPECT_EQ(answer.objects, 0U);
}

TEST_F(Chain, TriesAgainWhatPassesByItself) {
    uint32_t executions = 0;
    const uint32_t marker =
        engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto given) {
            // Two executions each: the first two attempts die.
            if (executions++ < 4) defib_die(&context, DEFIB_REASON_BUSY_FLAGS);
            defib_store(&context, object(0), given[0], 8, 5);
            return 0;
        });
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    EXPECT_EQ(executions, 6U);
    EXPECT_EQ(word(0), MARK);
    EXPECT_EQ(answer.records.count, 1U);
}

TEST_F(Chain, DoesNotTryForEver) {
    uint32_t executions = 0;
    const uint32_t marker = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        executions++;
        defib_die(&context, DEFIB_REASON_BUSY_FLAGS);
        return 0;
    });
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DIED});
    EXPECT_EQ(answer.death, uint32_t{DEFIB_REASON_BUSY_FLAGS});
    EXPECT_EQ(executions, 16U);
}

TEST_F(Chain, AChangeBeforeTheCommitIsPlannedAnew) {
    uint32_t executions = 0;
    const uint32_t marker = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t value = defib_load(&context, object(0), 8);
        defib_store(&context, object(0), value | 1, 8, 5);
        // A CPU comes between the second plan and its commit, once.
        if (++executions == 2) memory.write<uint64_t>(FIRST, 0x100);
        return 0;
    });
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    EXPECT_EQ(word(0), 0x101U);
    EXPECT_EQ(answer.records.count, 1U);
}

TEST_F(Chain, IsShownWholeWhereNothingMayBeWritten) {
    const uint32_t marker = add_marker();
    line(marker).collector = add_collector(2);
    line(marker).then = add_follower();
    memory.target().window.flags |= DEFIB_WINDOW_READ_ONLY;
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_READ_ONLY});
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_STORE).size(), 3U);
    EXPECT_EQ(word(0), 0U);
    EXPECT_EQ(word(9), 0U);
}

TEST_F(Chain, IsShownWholeAndNotDoneWhereOnlyItsPlanIsAskedFor) {
    const uint32_t marker = add_marker();
    line(marker).collector = add_collector(2);
    line(marker).then = add_follower();
    const uint64_t arguments[DEFIB_ARGUMENTS] = {MARK};
    plan(engine.state(), marker, arguments, 1, answer);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_READ_ONLY});
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_STORE).size(), 3U);
    EXPECT_EQ(word(0), 0U);
    EXPECT_EQ(word(9), 0U);
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED}) << "the next one is done again";
    EXPECT_EQ(word(0), MARK);
}

TEST_F(Chain, EndsThoughItsLinksFormACircle) {
    const uint32_t follower = add_follower();
    line(follower).then = follower;
    act_with(follower);
    EXPECT_EQ(followed, 2U * DEFIB_CHAIN);
}

TEST_F(Chain, IsRefusedWhereALinkIsOff) {
    const uint32_t marker = add_marker();
    const uint32_t follower = add_follower();
    line(marker).collector = add_collector(1);
    line(marker).then = follower;
    line(follower).state = DEFIB_ROUTINE_OFF;
    act_with(marker);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_REFUSED});
    EXPECT_EQ(answer.routine, follower);
}

TEST_F(Chain, IsObservedThroughItsView) {
    const uint32_t marker = add_marker();
    const uint64_t arguments[DEFIB_ARGUMENTS] = {MARK};
    EXPECT_EQ(observe(engine.state(), marker, arguments), DEFIB_EFFECT_THERE);
    line(marker).observer = engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, auto given) {
        if (given[0] != MARK) defib_die(&context, DEFIB_REASON_GONE);
        return defib_load(&context, object(0), 8);
    });
    EXPECT_EQ(observe(engine.state(), marker, arguments), DEFIB_EFFECT_NOT_YET);
    memory.write<uint64_t>(FIRST, DEFIB_EFFECT_THERE);
    EXPECT_EQ(observe(engine.state(), marker, arguments), DEFIB_EFFECT_THERE);
    memory.write<uint64_t>(FIRST, DEFIB_EFFECT_NEVER);
    EXPECT_EQ(observe(engine.state(), marker, arguments), DEFIB_EFFECT_NEVER);
    memory.write<uint64_t>(FIRST, 99);
    EXPECT_EQ(observe(engine.state(), marker, arguments), DEFIB_EFFECT_NOT_YET);
    const uint64_t others[DEFIB_ARGUMENTS] = {};
    EXPECT_EQ(observe(engine.state(), marker, others), DEFIB_EFFECT_NOT_YET);
}

}  // namespace
}  // namespace defib::runtime
