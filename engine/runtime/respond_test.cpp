// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/respond.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

using namespace std::string_view_literals;
using testing::culprit;
using testing::SickMachine;
using testing::SyntheticMemory;

constexpr uint32_t MEMORY = DEFIB_FAULT_MEMORY_LOW;
constexpr uint32_t FORKS = DEFIB_FAULT_FORK_BOMB;

struct Respond : ::testing::Test {
    SickMachine machine;
};

TEST_F(Respond, LeavesAFindingAloneThatHasNotLasted) {
    machine.add_rule("memory").held_ms = 100;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(95);
    EXPECT_TRUE(machine.acts.empty());
    machine.run_ms(10);
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.acts[0].pid, 7);
    EXPECT_EQ(machine.acts[0].signal, SickMachine::TERM);
    EXPECT_EQ(machine.memory.read<uint64_t>(SickMachine::WORD) >> 32, 7U);
}

TEST_F(Respond, LeavesAFindingAloneThatPassesByItself) {
    machine.add_rule("memory").held_ms = 100;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(95);
    machine.ailments.clear();
    machine.run_ms(20);
    // It comes again, and has to last anew.
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.run_ms(90);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_OPENED), 2U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_CLOSED), 1U);
}

TEST_F(Respond, ActsOnlyWhereTheEvidenceMeetsTheConditions) {
    DefibPolicyRule& rule = machine.add_rule("memory");
    rule.condition_count = 2;
    rule.conditions[0] = {0, DEFIB_IS_AT_LEAST, 50};
    rule.conditions[1] = {1, DEFIB_IS_BELOW, 10};
    auto& ailment = machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    ailment.finding.evidence[0] = 50;
    ailment.finding.evidence[1] = 10;
    machine.start();
    machine.run_ms(50);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_CONDITIONS));
    rule.join = DEFIB_JOIN_ANY;
    machine.run_ms(10);
    EXPECT_EQ(machine.acts.size(), 1U);
}

TEST_F(Respond, WritesNothingWhereThePolicyObserves) {
    for (const bool of_rule : {true, false}) {
        SickMachine one;
        DefibPolicyRule& rule = one.add_rule("memory");
        (of_rule ? rule.mode : one.policy.mode) = DEFIB_MODE_OBSERVE;
        one.fall_ill(MEMORY, 0, {culprit(7, "hog")});
        one.start();
        one.run_ms(500);
        EXPECT_TRUE(one.acts.empty());
        EXPECT_EQ(one.memory.read<uint64_t>(SickMachine::WORD), 0U);
        EXPECT_EQ(one.count(DEFIB_JOURNAL_WOULD), 1U);
        EXPECT_EQ(one.count(DEFIB_JOURNAL_EXECUTED), 0U);
        EXPECT_TRUE(one.has(DEFIB_JOURNAL_VICTIM, 7));
    }
}

TEST_F(Respond, KeepsTheLinesOfTheLogThatComeWithAFinding) {
    machine.add_rule("memory");
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")}).log = {std::string(33, 'a'), "b",
                                                            std::string(1030, 'c')};
    machine.start();
    machine.run_ms(1);
    std::vector<uint32_t> subjects;
    std::vector<DefibJournalEntry> lines;
    for (const auto& entry : machine.journal()) {
        if (entry.kind != DEFIB_JOURNAL_LOG_LINE) continue;
        lines.push_back(entry);
        subjects.push_back(entry.subject);
        EXPECT_EQ(entry.case_number, 1U);
    }
    const auto piece = [](uint32_t behind, uint32_t number) {
        return behind << DEFIB_LOG_LINE_SHIFT | number;
    };
    std::vector<uint32_t> expected = {piece(2, 0), piece(2, 1), piece(2, 2),
                                      piece(1, 0), piece(1, 1), piece(0, 0)};
    for (uint32_t i = 1; i <= DEFIB_LOG_LINE_MOST / 32; i++) expected.push_back(piece(0, i));
    ASSERT_EQ(subjects, expected);
    EXPECT_EQ(lines[0].values[0], 70U);
    EXPECT_EQ(lines[0].values[3], 33U);
    EXPECT_EQ(lines[2].values[0], uint64_t{'a'});
    EXPECT_EQ(lines[4].values[0], uint64_t{'b'});
    EXPECT_EQ(lines[5].values[3], DEFIB_LOG_LINE_MOST);
    // The finding and its culprit are what they are without.
    EXPECT_EQ(machine.acts.size(), 1U);
}

TEST_F(Respond, StartsAgainOnlyAfterTheCoolDown) {
    DefibPolicyRule& rule = machine.add_rule("memory");
    rule.step_count = 1;
    rule.cooldown_ms = 1000;
    machine.effect = DEFIB_EFFECT_THERE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog"), culprit(8, "hog2", 0)});
    machine.start();
    machine.run_ms(900);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_EXHAUSTED), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_COOLING));
    // Whose turn it is is decided anew.
    machine.ailments[0].culprits = {culprit(8, "hog2")};
    machine.run_ms(300);
    ASSERT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].pid, 8);
}

TEST_F(Respond, KeepsToTheBudgetsOfRuleAndPolicy) {
    for (const bool of_rule : {true, false}) {
        SickMachine one;
        DefibPolicyRule& rule = one.add_rule("memory");
        rule.step_count = 1;
        rule.cooldown_ms = 0;
        (of_rule ? rule.acts_per_hour : one.policy.acts_per_hour) = 3;
        one.effect = DEFIB_EFFECT_NEVER;
        one.fall_ill(MEMORY, 0, {culprit(7, "hog")});
        one.start();
        one.run_ms(1000);
        EXPECT_EQ(one.acts.size(), 3U);
        EXPECT_TRUE(one.has(DEFIB_JOURNAL_DECLINED,
                            of_rule ? DEFIB_DECLINE_RULE_BUDGET : DEFIB_DECLINE_POLICY_BUDGET));
        one.now_ms += uint64_t{3600} * 1000;
        one.run_ms(1);
        EXPECT_EQ(one.acts.size(), 4U);
    }
}

TEST_F(Respond, RepairsOneOfAFaultAtATimeAndLetsTheOthersHoldAnew) {
    DefibPolicyRule& rule = machine.add_rule("memory");
    rule.held_ms = 50;
    machine.fall_ill(MEMORY, 1, {culprit(7, "hog")});
    machine.fall_ill(MEMORY, 2, {culprit(8, "other")});
    machine.start();
    machine.run_ms(70);
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BUSY));
    machine.ailments.erase(machine.ailments.begin());
    machine.run_ms(40);
    EXPECT_EQ(machine.acts.size(), 1U) << "the second one has not yet lasted since the repair";
    machine.run_ms(50);
    ASSERT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].pid, 8);
}

TEST_F(Respond, DoesNotRepairOneTaskTwiceForTwoFaults) {
    machine.add_rule("all");
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.fall_ill(FORKS, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(50);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BUSY));
}

TEST_F(Respond, RepairsOneShortageOnceWhateverItsDetectorCallsIt) {
    DefibPolicyRule& rule = machine.add_rule("all");
    rule.step_count = 1;
    rule.cooldown_ms = 1000;
    machine.effect = DEFIB_EFFECT_THERE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.fall_ill(FORKS, 0, {culprit(8, "other")});
    machine.start();
    machine.run_ms(50);
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BUSY));
    // What the first repair has cured is over; what was freed by it is counted before the next.
    machine.ailments.erase(machine.ailments.begin());
    machine.run_ms(900);
    EXPECT_EQ(machine.acts.size(), 1U);
    machine.run_ms(200);
    ASSERT_EQ(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].pid, 8);
}

TEST_F(Respond, RepairsOneShortageOnceThoughTwoDetectorsSeeIt) {
    machine.add_rule("memory is low").fault = MEMORY;
    DefibPolicyRule& second = machine.add_rule("swap runs out");
    second.fault = DEFIB_FAULT_THRASH;
    second.detector = machine.add_detector(DEFIB_FAULT_THRASH, culprit(8, "other"));
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(50);
    EXPECT_EQ(machine.acts.size(), 1U);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BUSY));
}

TEST_F(Respond, BelievesNothingOfAMalformedPolicy) {
    machine.add_rule("memory").step_count = DEFIB_POLICY_STEPS + 1;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BAD_POLICY));
}

TEST_F(Respond, SaysThatThereAreMoreFindingsThanItCanKeep) {
    machine.add_rule("memory").mode = DEFIB_MODE_OBSERVE;
    for (uint64_t key = 0; key < DEFIB_CASES + 5; key++) {
        machine.fall_ill(MEMORY, key, {culprit(7, "hog")});
    }
    machine.start();
    machine.run_ms(50);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_OPENED), uint32_t{DEFIB_CASES});
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_CASES_FULL));
}

TEST_F(Respond, GivesTheDetectorTheRulesThresholds) {
    machine.add_rule("memory").thresholds[1] = 77;
    uint64_t seen = 0;
    machine.policy.rules[0].detector =
        machine.engine.add(DEFIB_ROUTINE_READS, [&](DefibContext&, const uint64_t* arguments) {
            seen = arguments[1];
            return uint64_t{0};
        });
    machine.start();
    machine.run_ms(1);
    EXPECT_EQ(seen, 77U);
}

TEST_F(Respond, RunsADetectorOnceForAllRulesThatWantTheSameOfIt) {
    uint32_t runs = 0;
    const uint32_t detector = machine.engine.add(DEFIB_ROUTINE_READS, [&](DefibContext&, auto) {
        runs++;
        return uint64_t{0};
    });
    machine.add_rule("one").detector = detector;
    machine.add_rule("two").detector = detector;
    machine.start();
    machine.run_ms(1);
    EXPECT_EQ(runs, 1U);
    machine.policy.rules[1].thresholds[0] = 5;
    machine.start();
    machine.run_ms(1);
    EXPECT_EQ(runs, 3U) << "with other thresholds it is another watch";
}

TEST_F(Respond, TellsWhenItsNextTurnIsDue) {
    machine.add_rule("memory").period_ms = 40;
    machine.start();
    machine.run_ms(1);
    EXPECT_EQ(next_turn_ns(machine.engine.state()), 40 * SickMachine::MS);
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.run_ms(41);
    EXPECT_LE(next_turn_ns(machine.engine.state()), 42 * SickMachine::MS);
}

}  // namespace
}  // namespace defib::runtime
