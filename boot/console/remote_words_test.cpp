// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a guard says of a plan: only what is one may be carried out, and then just that.
#include "boot/console/remote_words.h"

#include <gtest/gtest.h>

#include "boot/session/session.h"

namespace defib::boot::console {
namespace {

ToldRepair a_plan() {
    ToldRepair plan;
    plan.routine = "signal";
    plan.about = "4711 v-hog";
    plan.arguments = {{"task", 0xffff888000001000}, {"pid", 4711}, {"start_ns", 7}, {"signal", 9}};
    plan.stores.push_back({.routine = "signal",
                           .field = "signal_struct.flags",
                           .address = "0xffff888000002000",
                           .bytes = 4,
                           .old_value = 0,
                           .new_value = 4});
    plan.is_look = true;
    plan.is_done = true;
    return plan;
}

TEST(RemoteWords, APlanIsShownAndMayBeConfirmed) {
    const Told told = told_of_plan(a_plan());
    EXPECT_TRUE(told.is_well);
    EXPECT_EQ(told.heading, "signal 4711 v-hog, the plan");
    ASSERT_EQ(told.lines.size(), 2U);
    EXPECT_TRUE(told.lines[1].ends_with("0xffff888000002000, 4 bytes: 0x0 -> 0x4"));
    for (const std::string& line : told.lines) EXPECT_LE(line.size(), 76U);
}

TEST(RemoteWords, WhatIsNoPlanMayNot) {
    ToldRepair plan = a_plan();
    plan.is_done = false;
    plan.reason = "it is an init process";
    EXPECT_FALSE(told_of_plan(plan).is_well);
    EXPECT_TRUE(told_of_plan(plan).verdict.contains("init"));
    plan = a_plan();
    plan.is_look = false;  // it says that something was done
    EXPECT_FALSE(told_of_plan(plan).is_well);
    EXPECT_FALSE(told_of_repair(a_plan()).is_well) << "a look is no repair";
}

TEST(RemoteWords, WhatIsConfirmedNamesEveryValue) {
    const auto manifest = read_manifest(routine_set().manifest, "the manifest");
    ASSERT_TRUE(manifest.has_value());
    const std::string words = words_of(*manifest, a_plan());
    EXPECT_TRUE(words.starts_with("signal "));
    EXPECT_TRUE(words.contains(" pid=4711")) << words;
    EXPECT_TRUE(words.contains(" task=18446612682070036480")) << words;
    ToldRepair plan = a_plan();
    plan.arguments.pop_back();
    EXPECT_EQ(words_of(*manifest, plan), "") << "one is missing";
    plan = a_plan();
    plan.routine = "rm";
    EXPECT_EQ(words_of(*manifest, plan), "");
}

}  // namespace
}  // namespace defib::boot::console
