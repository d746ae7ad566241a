// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defib::layouts {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LayoutMember member(std::string name, uint64_t offset, uint64_t size) {
    LayoutMember made;
    made.name = std::move(name);
    made.offset = offset;
    made.size = size;
    return made;
}

Layout with(std::vector<LayoutMember> members, uint64_t size = 16) {
    Layout layout;
    layout.kernel.architecture = "x86_64";
    layout.kernel.banner = "Linux version 6.1";
    layout.structs["s"] = {size, false, false, std::move(members)};
    return layout;
}

std::vector<std::string> faults(const Layout& layout) {
    return check_layout(layout, {}).faults;
}

TEST(Check, ATrueLayoutHasNoFault) {
    EXPECT_THAT(faults(with({member("a", 0, 8), member("b", 8, 4), member("c", 12, 4)})),
                IsEmpty());
}

TEST(Check, AMemberMustLieInItsStructure) {
    EXPECT_THAT(faults(with({member("a", 12, 8)})),
                ElementsAre("s.a reaches over the structure's end"));
}

TEST(Check, OnlyMembersOfUnionsShareBytes) {
    auto a = member("a", 0, 8);
    auto b = member("b", 4, 8);
    EXPECT_THAT(faults(with({a, b})), ElementsAre("s.b overlaps a"));
    a.is_shared = true;
    EXPECT_THAT(faults(with({a, b})), ElementsAre("s.b overlaps a"));
    b.is_shared = true;
    EXPECT_THAT(faults(with({a, b})), IsEmpty());
    Layout layout = with({member("a", 0, 8), member("b", 0, 4)});
    layout.structs["s"].is_union = true;
    EXPECT_THAT(faults(layout), IsEmpty());
}

TEST(Check, BitFieldsOfOneUnitDoNotOverlap) {
    auto low = member("low", 0, 4);
    auto high = member("high", 0, 4);
    low.bit_size = 3;
    high.bit_size = 5;
    high.bit_offset = 3;
    EXPECT_THAT(faults(with({low, high})), IsEmpty());
    low.bit_size = 4;
    EXPECT_THAT(faults(with({low, high})), ElementsAre("s.high overlaps low"));
}

TEST(Check, AnInnerMemberLiesInItsOuter) {
    EXPECT_THAT(faults(with({member("in", 0, 8), member("in.a", 4, 4)})), IsEmpty());
    EXPECT_THAT(faults(with({member("in", 0, 8), member("in.a", 8, 4)})),
                ElementsAre("s.in.a lies outside in"));
}

TEST(Check, SizesMustFitTheirKind) {
    EXPECT_THAT(faults(with({member("a", 0, 3)})),
                ElementsAre("s.a has 3 bytes, which no member of its kind has"));
    auto pointer = member("p", 0, 4);
    pointer.kind = MemberKind::pointer;
    EXPECT_THAT(faults(with({pointer})),
                ElementsAre("s.p has 4 bytes, which no member of its kind has"));
    auto array = member("v", 0, 10);
    array.array = {4};
    EXPECT_THAT(faults(with({array})),
                ElementsAre("s.v has a size that is no multiple of its elements"));
    auto inner = member("i", 0, 8);
    inner.kind = MemberKind::structure;
    inner.target = "s";
    EXPECT_THAT(faults(with({inner})),
                ElementsAre("s.i has 8 bytes, which no member of its kind has"));
    auto flexible = member("f", 8, 8);
    flexible.array = {0};
    EXPECT_THAT(faults(with({flexible})), ElementsAre("s.f is a flexible array with a size"));
}

TEST(Check, WithoutConstantsOrIdentityNothingMayAct) {
    Wanted wanted;
    wanted.constants = {"TIF_SIGPENDING"};
    Layout layout = with({});
    auto report = check_layout(layout, wanted);
    EXPECT_THAT(report.absent_constants, ElementsAre("TIF_SIGPENDING"));
    EXPECT_FALSE(report.may_act());
    layout.constants["TIF_SIGPENDING"] = {2, "headers: asm/thread_info.h"};
    EXPECT_TRUE(check_layout(layout, wanted).may_act());
    layout.kernel.banner.clear();
    EXPECT_FALSE(check_layout(layout, wanted).may_act());
}

TEST(Check, WhatIsWantedAndNotThereIsListed) {
    Wanted wanted;
    wanted.structs["s"] = {"a", "z"};
    wanted.structs["gone"] = {"*"};
    wanted.symbols = {"init_task"};
    const auto report = check_layout(with({member("a", 0, 4)}), wanted);
    EXPECT_THAT(report.absent, ElementsAre("gone", "s.z", "init_task"));
    EXPECT_TRUE(report.is_well_formed());
}

TEST(Wanted, TheListThatIsCompiledInIsReadable) {
    const Wanted& wanted = wanted_by_default();
    EXPECT_TRUE(wanted.structs.at("task_struct").contains("pid"));
    EXPECT_TRUE(wanted.symbols.contains("init_task"));
}

TEST(Wanted, AMalformedListIsRefused) {
    EXPECT_FALSE(read_wanted("{}", "w.json"));
    const auto wanted = read_wanted(R"([{"structs":{"a":"*"}}])", "w.json");
    ASSERT_FALSE(wanted);
    EXPECT_EQ(to_line(wanted.error()), "w.json: not a layout: 'structs' is malformed");
}

}  // namespace
}  // namespace defib::layouts
