// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a repair did for a while is taken back: when the cool-down is over, once, and before the
// engine stops.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/runtime/respond.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::testing {
namespace {

constexpr uint32_t MEMORY = DEFIB_FAULT_MEMORY_LOW;
constexpr uint64_t CONT = 18;

struct Finally : ::testing::Test {
    Finally() {
        DefibPolicyRule& rule = machine.add_rule("hold it for a while");
        rule.step_count = 1;
        rule.finally_count = 1;
        rule.steps[1].arguments[1].literal = CONT;
        rule.steps[1].grace_ms = 0;
        machine.effect = DEFIB_EFFECT_THERE;
        machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
        machine.start();
    }

    size_t given_back() const {
        return static_cast<size_t>(
            std::ranges::count(machine.acts, CONT, &SickMachine::Act::signal));
    }

    SickMachine machine;
};

TEST_F(Finally, TakesBackOnceWhenTheCoolDownIsOver) {
    machine.run_ms(5);
    ASSERT_EQ(machine.acts.size(), 1U);
    machine.ailments.clear();
    machine.run_ms(190);
    EXPECT_EQ(given_back(), 0U);
    machine.run_ms(50);
    ASSERT_EQ(given_back(), 1U);
    EXPECT_EQ(machine.acts[1].pid, 7) << "the victim's, though the finding is over";
    machine.run_ms(2000);
    EXPECT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_GIVES_BACK), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_UNDONE), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_OBSERVED), 1U) << "only the repair's own";
    EXPECT_TRUE(runtime::is_settled(machine.engine.state()));
}

TEST_F(Finally, TakesBackBeforeItRepairsTheSameAgain) {
    machine.run_ms(150);  // no cure: the chain is at its end
    ASSERT_EQ(machine.count(DEFIB_JOURNAL_EXHAUSTED), 1U);
    machine.run_ms(400);
    ASSERT_GE(machine.acts.size(), 3U);
    EXPECT_EQ(machine.acts[1].signal, CONT);
    EXPECT_EQ(machine.acts[2].signal, SickMachine::TERM);
}

TEST_F(Finally, TakesBackThoughTheFindingCameAnewMeanwhile) {
    machine.run_ms(5);
    const auto illness = machine.ailments;
    machine.ailments.clear();
    machine.run_ms(50);
    machine.ailments = illness;
    machine.run_ms(200);
    EXPECT_EQ(given_back(), 1U);
}

TEST_F(Finally, TakesBackBeforeTheEngineStops) {
    machine.run_ms(5);
    machine.ailments.clear();
    machine.run_ms(30);
    runtime::settle(machine.engine.state());
    EXPECT_FALSE(runtime::is_settled(machine.engine.state()));
    EXPECT_EQ(runtime::next_look_ns(machine.engine.state()), 0U);
    machine.run_ms(20);
    EXPECT_EQ(given_back(), 1U);
    EXPECT_TRUE(runtime::is_settled(machine.engine.state()));
}

TEST_F(Finally, StopsInTheMiddleOfARepairOnlyWhenThatIsTakenBack) {
    machine.effect = DEFIB_EFFECT_NOT_YET;
    machine.run_ms(5);
    runtime::settle(machine.engine.state());
    machine.run_ms(400);
    EXPECT_EQ(given_back(), 1U);
    EXPECT_TRUE(runtime::is_settled(machine.engine.state()));
}

TEST(FinallyOfNothing, IsNotTaken) {
    SickMachine machine;
    DefibPolicyRule& rule = machine.add_rule("refused");
    rule.step_count = 1;
    rule.finally_count = 1;
    machine.refusal = DEFIB_REASON_STATE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    machine.refusal = 0;
    machine.ailments.clear();
    machine.run_ms(1000);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_GIVES_BACK), 0U);
    EXPECT_TRUE(machine.acts.empty());
}

TEST_F(Finally, LetsGoOfWhoIsGone) {
    machine.run_ms(5);
    machine.ailments.clear();
    machine.refusal = DEFIB_REASON_GONE;
    machine.run_ms(1000);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_GIVES_BACK), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 1U);
    EXPECT_TRUE(runtime::is_settled(machine.engine.state()));
}

}  // namespace
}  // namespace defib::testing
