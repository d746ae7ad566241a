// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is chosen, and who is never touched.
#include <gtest/gtest.h>

#include "engine/runtime/respond.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

using namespace std::string_view_literals;
using testing::culprit;
using testing::SickMachine;

constexpr uint32_t MEMORY = DEFIB_FAULT_MEMORY_LOW;

struct RespondVictim : ::testing::Test {
    SickMachine machine;
};

TEST_F(RespondVictim, ChoosesTheVictimByTheRulesMeasure) {
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

TEST_F(RespondVictim, KeepsTheHighestRankedOfMoreCulpritsThanFit) {
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

TEST_F(RespondVictim, NeverTouchesWhoIsProtected) {
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

TEST_F(RespondVictim, DoesNothingWhereNobodyIsLeft) {
    machine.add_rule("memory").least_weight = 50;
    machine.fall_ill(MEMORY, 0, {culprit(1, "init", 99), culprit(9, "small", 49)});
    machine.start();
    machine.run_ms(100);
    EXPECT_TRUE(machine.acts.empty());
    EXPECT_TRUE(machine.has(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_TOO_SMALL));
    // Said once, though it is found out at every run.
    EXPECT_EQ(machine.count(DEFIB_JOURNAL_DECLINED), 3U);
}

TEST_F(RespondVictim, ProtectsACgroupAndAllBelowIt) {
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

TEST_F(RespondVictim, TakesVictimsOfOneCgroupOnlyWhereTheRuleSaysSo) {
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

}  // namespace
}  // namespace defib::runtime
