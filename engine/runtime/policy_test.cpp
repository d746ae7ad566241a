// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/policy.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/abi/engine.h"
#include "engine/runtime/testing/sick_machine.h"

namespace defib::runtime {
namespace {

struct PolicyTable : ::testing::Test {
    PolicyTable() { machine.add_rule("memory"); }

    testing::SickMachine machine;
    DefibPolicy& policy = machine.policy;
    DefibPolicyRule& rule = policy.rules[0];
};

TEST_F(PolicyTable, IsTakenAsTheCompilerMakesIt) {
    EXPECT_TRUE(check_policy(policy));
}

TEST_F(PolicyTable, IsRefusedWithAnotherVersionOrSize) {
    policy.version++;
    EXPECT_FALSE(check_policy(policy));
    policy.version--;
    policy.size -= 8;
    EXPECT_FALSE(check_policy(policy));
}

TEST_F(PolicyTable, IsRefusedWithACountBeyondItsRoom) {
    for (uint32_t* count : {&policy.rule_count, &policy.name_count, &policy.cgroup_count,
                            &policy.pid_count, &rule.step_count, &rule.condition_count,
                            &rule.steps[0].argument_count, &rule.acts_per_hour}) {
        const uint32_t before = *count;
        *count = 0x1000;
        EXPECT_FALSE(check_policy(policy));
        *count = before;
    }
    EXPECT_TRUE(check_policy(policy));
}

TEST_F(PolicyTable, IsRefusedWithANumberThatMeansNothing) {
    for (uint32_t* number : {&policy.mode, &rule.mode, &rule.join, &rule.victim, &rule.detector,
                             &rule.steps[0].routine, &rule.steps[0].arguments[0].source}) {
        const uint32_t before = *number;
        *number = DEFIB_ROUTINES;
        EXPECT_FALSE(check_policy(policy));
        *number = before;
    }
}

TEST_F(PolicyTable, IsRefusedWithTimesThatCouldWrap) {
    for (uint32_t* time : {&rule.period_ms, &rule.held_ms, &rule.cooldown_ms,
                           &rule.steps[1].deadline_ms, &rule.steps[1].grace_ms}) {
        const uint32_t before = *time;
        *time = DEFIB_POLICY_LONGEST_MS + 1;
        EXPECT_FALSE(check_policy(policy));
        *time = before;
    }
    rule.period_ms = 0;
    EXPECT_FALSE(check_policy(policy)) << "a detector that is always due";
}

TEST_F(PolicyTable, IsRefusedWithTextThatDoesNotEnd) {
    std::memset(rule.name, 'x', sizeof rule.name);
    EXPECT_FALSE(check_policy(policy));
}

TEST_F(PolicyTable, IsRefusedWithAPathThatIsNone) {
    policy.cgroup_count = 1;
    for (const char* path : {"", "system.slice", "/a//b", "/a/"}) {
        std::strcpy(policy.cgroups[0], path);
        EXPECT_FALSE(check_policy(policy)) << path;
    }
    std::strcpy(policy.cgroups[0], "/a/b");
    EXPECT_TRUE(check_policy(policy));
    policy.cgroup_view = DEFIB_NO_ROUTINE;
    EXPECT_FALSE(check_policy(policy)) << "nothing would tell whose cgroup it is";
}

TEST_F(PolicyTable, IsRefusedWhereAStepNeedsAVictimThatNobodyChooses) {
    rule.victim = DEFIB_VICTIM_NONE;
    EXPECT_FALSE(check_policy(policy));
}

TEST_F(PolicyTable, IsRefusedWhereARuleActsWithoutAStep) {
    rule.step_count = 0;
    EXPECT_FALSE(check_policy(policy));
    rule.mode = DEFIB_MODE_OBSERVE;
    EXPECT_TRUE(check_policy(policy));
}

}  // namespace
}  // namespace defib::runtime
