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

TEST_F(Respond, ChoosesTheVictimByTheRulesMeasure) {
    const std::pair<uint32_t, int32_t> measures[] = {{DEFIB_VICTIM_LISTED, 11},
                                                     {DEFIB_VICTIM_LARGEST, 12},
                                                     {DEFIB_VICTIM_FASTEST, 13},
                                                     {DEFIB_VICTIM_YOUNGEST, 14}};
    for (const auto& [measure, expected] : measures) {
        SickMachine one;
        one.add_rule("memory").victim = measure;
        auto fast = culprit(13, "fast", 2);
        fast.growth = 9;
        one.fall_ill(
            MEMORY, 0,
            {culprit(11, "first", 1), culprit(12, "large", 8), fast, culprit(14, "young")});
        one.start();
        one.run_ms(1);
        ASSERT_EQ(one.acts.size(), 1U);
        EXPECT_EQ(one.acts[0].pid, expected);
        // Who else it could have been stays on record.
        EXPECT_EQ(one.count(DEFIB_JOURNAL_CULPRIT), 4U);
    }
}

TEST_F(Respond, KeepsTheHighestRankedOfMoreCulpritsThanFit) {
    machine.add_rule("memory");
    std::vector<DefibCulprit> crowd;
    crowd.reserve(40);
    for (int32_t i = 0; i < 40; i++) {
        crowd.push_back(culprit(100 + i, "one", static_cast<uint64_t>(i == 33 ? 99 : i)));
    }
    machine.fall_ill(MEMORY, 0, crowd);
    machine.start();
    machine.run_ms(1);
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.acts[0].pid, 133);
}

TEST_F(Respond, NeverTouchesWhoIsProtected) {
    DefibPolicyRule& rule = machine.add_rule("memory");
    rule.least_weight = 5;
    machine.policy.pid_count = 1;
    machine.policy.pids[0] = 20;
    machine.policy.name_count = 1;
    "database"sv.copy(machine.policy.names[0], DEFIB_POLICY_COMM_SIZE);
    auto kernel_thread = culprit(21, "kswapd0", 90);
    kernel_thread.flags = 0x00200000;
    auto spared = culprit(22, "sshd", 90);
    spared.oom_score_adj = -1000;
    auto thread_of_20 = culprit(25, "worker", 90);
    thread_of_20.tgid = 20;
    machine.fall_ill(
        MEMORY, 0,
        {culprit(1, "systemd", 99), culprit(20, "dear", 98), kernel_thread, spared, thread_of_20,
         culprit(23, "database", 80), culprit(24, "hog", 10), culprit(26, "small", 4)});
    machine.start();
    machine.run_ms(1);
    ASSERT_EQ(machine.acts.size(), 1U);
    EXPECT_EQ(machine.acts[0].pid, 24);
    for (const uint32_t why : {DEFIB_DECLINE_INIT, DEFIB_DECLINE_PID, DEFIB_DECLINE_KERNEL_THREAD,
                               DEFIB_DECLINE_OOM_PROTECTED, DEFIB_DECLINE_NAME}) {
        EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, why)) << why;
    }
}

TEST_F(Respond, DoesNothingWhereNobodyIsLeft) {
    machine.add_rule("memory").least_weight = 50;
    machine.fall_ill(MEMORY, 0, {culprit(1, "init", 99), culprit(9, "small", 49)});
    machine.start();
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_TOO_SMALL));
    // Said once, though it is found out at every run.
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_DECLINED), 3U);
}

TEST_F(Respond, ProtectsACgroupAndAllBelowIt) {
    machine.add_rule("memory");
    machine.policy.cgroup_count = 1;
    "/system.slice/db.service"sv.copy(machine.policy.cgroups[0], DEFIB_POLICY_PATH_SIZE);
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();

    machine.run_ms(1);
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_CGROUP_UNREADABLE));
    for (const auto& [names, levels] : {std::pair{"db.service\0system.slice\0"sv, 2U},
                                        std::pair{"worker\0db.service\0system.slice\0"sv, 3U}}) {
        machine.cgroup_names = names;
        machine.cgroup_levels = levels;
        machine.run_ms(20);
        EXPECT_TRUE(machine.acts.empty()) << names;
    }
    // A longer name, the parent alone, and the same names in another order are others.
    machine.cgroup_names = "db.service2\0system.slice\0"sv;
    machine.cgroup_levels = 2;
    machine.run_ms(20);
    EXPECT_EQ(machine.acts.size(), 1U);
    for (const auto& [names, levels] :
         {std::pair{"system.slice\0"sv, 1U}, std::pair{"system.slice\0db.service\0"sv, 2U}}) {
        SickMachine other;
        other.add_rule("memory");
        other.policy.cgroup_count = 1;
        "/system.slice/db.service"sv.copy(other.policy.cgroups[0], DEFIB_POLICY_PATH_SIZE);
        other.cgroup_names = names;
        other.cgroup_levels = levels;
        other.fall_ill(MEMORY, 0, {culprit(7, "hog")});
        other.start();
        other.run_ms(1);
        EXPECT_EQ(other.acts.size(), 1U) << names;
    }
}

TEST_F(Respond, TakesVictimsOfOneCgroupOnlyWhereTheRuleSaysSo) {
    DefibPolicyRule& rule = machine.add_rule("memory");
    "/user.slice"sv.copy(rule.within, sizeof rule.within);
    machine.cgroup_names = "a\0system.slice\0"sv;
    machine.cgroup_levels = 2;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_TRUE(machine.acts.empty());
    machine.cgroup_names = "session-1.scope\0user.slice\0"sv;
    machine.run_ms(20);
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

TEST_F(Respond, IsDoneWhereTheEffectIsSeenAndTheFindingEnds) {
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

TEST_F(Respond, TakesTheNextStepWhenNoEffectComesUntilTheDeadline) {
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

TEST_F(Respond, RepeatsWhatFollowsARepairAndNotTheRepairUntilTheEffectIsThere) {
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

TEST_F(Respond, TakesBackEachLinkOfAChainThatShowedNoEffect) {
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

TEST_F(Respond, RepeatsARepairThatCanBeTakenBack) {
    machine.add_rule("memory").step_count = 1;
    machine.engine.state().routines[machine.repair].undo = machine.undo;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(90);
    EXPECT_EQ(machine.acts.size(), 4U);
}

TEST_F(Respond, TakesTheNextStepAtOnceWhenTheEffectCannotComeAnyMore) {
    machine.add_rule("memory");
    machine.effect = DEFIB_EFFECT_NEVER;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(10);
    ASSERT_GE(machine.acts.size(), 2U);
    EXPECT_EQ(machine.acts[1].signal, SickMachine::KILL);
}

TEST_F(Respond, TakesTheNextStepWhenTheEffectCuresNothing) {
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

TEST_F(Respond, DoesNotGoOnAgainstAFindingThatNobodyHasSeenSince) {
    machine.add_rule("memory");
    machine.effect = DEFIB_EFFECT_THERE;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(1);
    machine.detector_dies = true;
    machine.run_ms(2000);
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

TEST_F(Respond, StopsForGoodWhenTheKernelIsAnotherOne) {
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

TEST_F(Respond, TakesNoFurtherStepOnAnotherKernel) {
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

TEST_F(Respond, CarriesOutNoCommandOnAnotherKernel) {
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

TEST_F(Respond, BelievesNothingOfAMalformedPolicy) {
    machine.add_rule("memory").step_count = DEFIB_POLICY_STEPS + 1;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_BAD_POLICY));
}

TEST_F(Respond, GoesOnFromARoutineThatGivesUp) {
    machine.add_rule("memory");
    machine.refusal = DEFIB_REASON_BLOCKED;
    machine.fall_ill(MEMORY, 0, {culprit(7, "hog")});
    machine.start();
    machine.run_ms(20);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_FAILED), 2U);
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_EXHAUSTED), 1U);
}

TEST_F(Respond, WaitsForTheEndOfWhatIsOnlyNowGone) {
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
TEST_F(Respond, HasActedWhereSomeObjectsWereReachedBeforeTheHeadEnded) {
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

TEST_F(Respond, FinishesWhatIsInHandBeforeItStops) {
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

TEST_F(Respond, TakesBackWhatHasShownNoEffectWhenItStops) {
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

TEST_F(Respond, BeginsNothingOnceItIsToStop) {
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
