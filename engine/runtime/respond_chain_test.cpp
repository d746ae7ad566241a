// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps of a repair: when the next one is taken, repeated, taken back.
#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/respond.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

using testing::culprit;
using testing::SickMachine;
using testing::SyntheticMemory;

constexpr uint32_t MEMORY = DEFIB_FAULT_MEMORY_LOW;
constexpr uint32_t FORKS = DEFIB_FAULT_FORK_BOMB;

struct RespondChain : ::testing::Test {
    SickMachine machine;
};

TEST_F(RespondChain, IsDoneWhereTheEffectIsSeenAndTheFindingEnds) {
    machine.add_rule("memory");
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    machine.effect = DEFIB_EFFECT_THERE;
    machine.run_ms(5);
    machine.ailments.clear();
    machine.run_ms(500);
    EXPECT_EQ(machine.acts.size(), 1U);
    std::vector<uint32_t> kinds;
    for (const auto& entry : machine.journal()) {
        if (entry.case_number == 1) kinds.push_back(entry.kind);
    }
    EXPECT_EQ(kinds, (std::vector<uint32_t>{DEFIB_JOURNAL_OPENED, DEFIB_JOURNAL_EVIDENCE,
                                            DEFIB_JOURNAL_EVIDENCE, DEFIB_JOURNAL_CULPRIT,
                                            DEFIB_JOURNAL_VICTIM, DEFIB_JOURNAL_STEP,
                                            DEFIB_JOURNAL_OBSERVED, DEFIB_JOURNAL_CLOSED}));
    for (const auto& entry : machine.journal()) {
        if (entry.kind != DEFIB_JOURNAL_OBSERVED) continue;
        EXPECT_EQ(entry.values[0], 20 * SickMachine::MS);
    }
}

TEST_F(RespondChain, TakesTheNextStepWhenNoEffectComesUntilTheDeadline) {
    machine.add_rule("memory");
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(99);
    EXPECT_EQ(machine.acts.size(), 1U);
    machine.run_ms(10);
    ASSERT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].signal, SickMachine::KILL);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_DEADLINE), 1U);
}

TEST_F(RespondChain, RepeatsWhatFollowsARepairAndNotTheRepairUntilTheEffectIsThere) {
    machine.add_rule("memory");
    machine.engine.state().routines[machine.repair].then = machine.follower;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(10);
    EXPECT_EQ(machine.followed, 2U);
    machine.run_ms(80);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.followed, 8U);
    machine.effect = DEFIB_EFFECT_THERE;
    machine.run_ms(40);
    EXPECT_EQ(machine.followed, 8U);
}

TEST_F(RespondChain, TakesBackEachLinkOfAChainThatShowedNoEffect) {
    machine.add_rule("memory").step_count = 1;
    auto& routines = machine.engine.state().routines;
    routines[machine.repair].then = machine.follower;
    routines[machine.follower].undo = machine.undo;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(110);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_UNDONE), 1U);
    EXPECT_EQ(machine.undone, 2U);
}

TEST_F(RespondChain, RepeatsARepairThatCanBeTakenBack) {
    machine.add_rule("memory").step_count = 1;
    machine.engine.state().routines[machine.repair].undo = machine.undo;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(90);
    EXPECT_EQ(machine.acts.size(), 4U);
}

TEST_F(RespondChain, TakesTheNextStepAtOnceWhenTheEffectCannotComeAnyMore) {
    machine.add_rule("memory");
    machine.effect = DEFIB_EFFECT_NEVER;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(10);
    ASSERT_GE(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].signal, SickMachine::KILL);
}

TEST_F(RespondChain, TakesTheNextStepWhenTheEffectCuresNothing) {
    machine.add_rule("memory");
    machine.effect = DEFIB_EFFECT_THERE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(40);
    EXPECT_EQ(machine.acts.size(), 1U);
    machine.run_ms(40);
    EXPECT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_PERSISTS), 1U);
}

TEST_F(RespondChain, DoesNotGoOnAgainstAFindingThatNobodyHasSeenSince) {
    machine.add_rule("memory");
    machine.effect = DEFIB_EFFECT_THERE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(1);
    machine.detector_dies = true;
    machine.run_ms(2000);
    EXPECT_EQ(machine.acts.size(), 1U);
}

TEST_F(RespondChain, GoesOnFromARoutineThatGivesUp) {
    machine.add_rule("memory");
    machine.refusal = DEFIB_REASON_BLOCKED;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 2U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_EXHAUSTED), 1U);
}

TEST_F(RespondChain, WaitsForTheEndOfWhatIsOnlyNowGone) {
    machine.add_rule("memory");
    machine.refusal = DEFIB_REASON_GONE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(30);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 1U);
    machine.ailments.clear();
    machine.run_ms(30);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_CLOSED), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 1U);
}

// A family's head ends of its own mark while the others get theirs: what was done counts.
TEST_F(RespondChain, HasActedWhereSomeObjectsWereReachedBeforeTheHeadEnded) {
    const uint64_t object = SyntheticMemory::direct(SickMachine::WORD);
    DefibPolicyRule& rule = machine.add_rule("bombs");
    const auto mark = [object](DefibContext& context, const uint64_t* given) {
        if (given[0] != object) defib_die(&context, DEFIB_REASON_GONE);
        defib_store(&context, given[0], 9, 8, 1);
        return uint64_t{0};
    };
    const auto list = [object](DefibContext& context, const uint64_t*) {
        for (uint64_t i = 0; i < 2; i++) {
            *static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8)) = object + i * 8;
        }
        return uint64_t{0};
    };
    const uint32_t family = machine.engine.add(DEFIB_ROUTINE_STORES, mark);
    const uint32_t members = machine.engine.add(DEFIB_ROUTINE_READS, list);
    machine.engine.state().routines[family].collector = members;
    machine.engine.state().routines[family].observer = machine.observer;
    machine.effect = DEFIB_EFFECT_THERE;
    rule.steps[0].routine = family;
    machine.fall_ill(FORKS, 0, {culprit(7, "bomb")});
    machine.start();
    machine.run_ms(20);
    machine.ailments.clear();
    machine.run_ms(60);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 0U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_OBSERVED), 1U);
    ASSERT_EQ(machine.count(DEFIB_JOURNAL_CLOSED), 1U);
    for (const DefibJournalEntry& entry : machine.journal()) {
        if (entry.kind == DEFIB_JOURNAL_CLOSED) EXPECT_EQ(entry.values[2], 1U);
    }
}

}  // namespace
}  // namespace defib::runtime
