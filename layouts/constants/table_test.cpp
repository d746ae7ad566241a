// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "layouts/constants/constants.h"
#include "layouts/wanted.h"

namespace defib::layouts {
namespace {

KernelIdentity debian(const std::string& release, std::optional<bool> preempt_rt = false) {
    KernelIdentity kernel;
    kernel.release = release;
    kernel.architecture = "x86_64";
    kernel.preempt_rt = preempt_rt;
    return kernel;
}

TEST(ConstantTable, KnowsASeriesByItsTwoNumbers) {
    for (const char* release : {"6.1.0-56-amd64", "6.1.192", "6.12.117+deb12-amd64"}) {
        const auto constants = constants_from_table(debian(release), wanted_constants());
        ASSERT_TRUE(constants) << release;
        EXPECT_EQ(constants->at("TIF_SIGPENDING").value, 2) << release;
    }
}

TEST(ConstantTable, InfersNothingForAVersionThatWasNotVerified) {
    for (const char* release : {"6.6.30", "6.10.1", "6.120.1", "6.0.0", "5.15.1", "6", "", "x.y"}) {
        EXPECT_FALSE(constants_from_table(debian(release), wanted_constants())) << release;
    }
    KernelIdentity arm = debian("6.1.0-56-arm64");
    arm.architecture = "aarch64";
    EXPECT_FALSE(constants_from_table(arm, wanted_constants()));
}

TEST(ConstantTable, AnUnknownVersionLeavesTheConstantsAbsent) {
    const auto constants = constants_for(debian("6.6.30"), {}, wanted_constants());
    ASSERT_TRUE(constants);
    EXPECT_TRUE(constants->empty());
}

TEST(ConstantTable, EachRowSaysWhereItComesFrom) {
    const auto constants = constants_from_table(debian("6.1.1"), wanted_constants());
    ASSERT_TRUE(constants);
    EXPECT_EQ(constants->at("JOBCTL_STOPPED").source, "table: 6.1: include/linux/sched/jobctl.h");
    EXPECT_EQ(constants->at("JOBCTL_STOPPED").value, 1 << 26);
}

TEST(ConstantTable, HoldsNothingThatTheConfigurationDecides) {
    for (const char* release : {"6.1.1", "6.12.1"}) {
        const auto constants = constants_from_table(debian(release), wanted_constants());
        ASSERT_TRUE(constants);
        for (const auto& [name, constant] : *constants) {
            EXPECT_FALSE(hangs_on_configuration(name)) << name;
        }
    }
}

TEST(ConstantTable, PrivateConstantsAreKnownOnlyWithoutTheRealTimePatches) {
    const auto plain = constants_from_table(debian("6.1.1", false), {"MUTEX_FLAG_WAITERS"});
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->at("MUTEX_FLAG_WAITERS").value, 1);
    for (const std::optional<bool> preempt_rt : {std::optional(true), std::optional<bool>()}) {
        const auto patched =
            constants_from_table(debian("6.1.1", preempt_rt), {"MUTEX_FLAG_WAITERS"});
        ASSERT_TRUE(patched);
        EXPECT_TRUE(patched->empty());
    }
}

TEST(ConstantTable, EveryConstantOfTheDefaultLayoutIsLookedForInHeadersAndTable) {
    for (const std::string& name : wanted_by_default().constants) {
        EXPECT_TRUE(wanted_constants().contains(name)) << name << ": add it to names.inc";
    }
}

TEST(ConstantTable, IsNotBelievedWhereItContradictsTheKernelsOwnTypes) {
    Layout layout;
    layout.kernel = debian("6.12.1");
    layout.constants["CSD_TYPE_TTWU"] = {.value = 0x30, .source = "types"};
    ASSERT_TRUE(add_constants(layout, {}, wanted_constants()));
    EXPECT_EQ(layout.constants.at("CSD_TYPE_TTWU").source, "types");
    EXPECT_EQ(layout.constants.at("TIF_SIGPENDING").value, 2);

    Layout changed;
    changed.kernel = debian("6.12.1");
    changed.constants["CSD_TYPE_TTWU"] = {.value = 0x40, .source = "types"};
    ASSERT_TRUE(add_constants(changed, {}, wanted_constants()));
    EXPECT_EQ(changed.constants.size(), 1U);
}

TEST(ConstantTable, GivesOnlyWhatIsWanted) {
    const auto constants = constants_from_table(debian("6.12.1"), {"TASK_DEAD", "UNHEARD_OF"});
    ASSERT_TRUE(constants);
    ASSERT_EQ(constants->size(), 1U);
    EXPECT_EQ(constants->at("TASK_DEAD").value, 0x80);
}

}  // namespace
}  // namespace defib::layouts
