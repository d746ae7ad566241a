// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How it comes to its end: told to stop, or in front of another kernel.
#include <gtest/gtest.h>

#include "engine/runtime/loop.h"
#include "engine/runtime/respond.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

using testing::culprit;
using testing::SickMachine;

constexpr uint32_t MEMORY = DEFIB_FAULT_MEMORY_LOW;
constexpr uint32_t FORKS = DEFIB_FAULT_FORK_BOMB;

struct RespondStop : ::testing::Test {
    SickMachine machine;
};

TEST_F(RespondStop, StopsForGoodWhenTheKernelIsAnotherOne) {
    machine.add_rule("memory").held_ms = 50;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(45);
    machine.memory.write<uint64_t>(SickMachine::WITNESS, 0);
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_IDENTITY_LOST), 1U);
    // Also when it looks right again: it is another boot of it.
    machine.memory.write<uint64_t>(SickMachine::WITNESS, 0x1122334455667788);
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.stop());
}

TEST_F(RespondStop, TakesNoFurtherStepOnAnotherKernel) {
    machine.add_rule("memory").period_ms = 10000;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(50);
    ASSERT_EQ(machine.acts.size(), 1U);
    machine.memory.write<uint64_t>(SickMachine::WITNESS, 0);
    machine.run_ms(200);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_IDENTITY_LOST), 1U);
}

TEST_F(RespondStop, CarriesOutNoCommandOnAnotherKernel) {
    machine.start();
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_ACT;
    command.routine = machine.repair;
    command.arguments[0] = 7;
    post(machine.engine.mailbox(), command);
    machine.run_ms(1);
    EXPECT_EQ(machine.engine.mailbox().answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    machine.memory.write<uint64_t>(SickMachine::WITNESS, 0);
    command.arguments[0] = 8;
    post(machine.engine.mailbox(), command);
    machine.run_ms(1);
    EXPECT_TRUE(is_answered(machine.engine.mailbox()));
    EXPECT_EQ(machine.engine.mailbox().answer.outcome, uint32_t{DEFIB_OUTCOME_REFUSED});
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.acts[0].pid, 7);
}

TEST_F(RespondStop, FinishesWhatIsInHandBeforeItStops) {
    machine.add_rule("memory");
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_FALSE(machine.stop());
    machine.run_ms(10);
    EXPECT_FALSE(machine.stop());
    machine.effect = DEFIB_EFFECT_THERE;
    machine.run_ms(3);
    EXPECT_TRUE(machine.stop());
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.undone, 0U);
}

TEST_F(RespondStop, TakesBackWhatHasShownNoEffectWhenItStops) {
    machine.add_rule("memory");
    auto& routines = machine.engine.state().routines;
    routines[machine.repair].then = machine.follower;
    routines[machine.follower].undo = machine.undo;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_FALSE(machine.stop());
    EXPECT_EQ(machine.undone, 0U);
    machine.run_ms(100);
    EXPECT_TRUE(machine.stop());
    EXPECT_EQ(machine.acts.size(), 1U) << "no further step";
    EXPECT_GT(machine.undone, 0U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_UNDONE), 1U);
}

TEST_F(RespondStop, BeginsNothingOnceItIsToStop) {
    machine.add_rule("memory");
    machine.add_rule("forks").fault = FORKS;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_FALSE(machine.stop());
    machine.fall_ill(FORKS, 0, {culprit(9, "bomb")});
    machine.run_ms(50);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_STOPPING));
}

}  // namespace
}  // namespace defib::runtime
