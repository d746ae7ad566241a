// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/layout_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layouts/btf.h"
#include "layouts/testing/btf_assembler.h"

namespace defib::layouts {
namespace {

using testing::BtfAssembler;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LayoutBuilderTest : public ::testing::Test {
  protected:
    Result<Layout> try_build(const Selection& selection = Everything{}) {
        blob_ = btf_.blob();
        const auto graph = read_btf(as_bytes(blob_), "a.btf");
        if (!graph) return std::unexpected(graph.error());
        return build_layout(*graph, selection, "a.btf");
    }
    Layout build(const Selection& selection = Everything{}) {
        auto layout = try_build(selection);
        EXPECT_TRUE(layout) << to_line(layout.error());
        return layout ? std::move(*layout) : Layout{};
    }
    std::string line() {
        const auto layout = try_build();
        return layout ? std::string() : to_line(layout.error());
    }
    const LayoutMember& member(const Layout& layout, const char* structure, const char* name) {
        static const LayoutMember NONE;
        const auto* found = layout.structs.at(structure).find(name);
        EXPECT_NE(found, nullptr) << structure << "." << name;
        return found ? *found : NONE;
    }

    BtfAssembler btf_;
    std::string blob_;
    TypeId u32_ = btf_.integer("unsigned int", 4);
    TypeId int_ = btf_.integer("int", 4, 1);
    TypeId u64_ = btf_.integer("long unsigned int", 8);
};

TEST_F(LayoutBuilderTest, KindsWidthsAndSigns) {
    const auto task = btf_.structure("task", 64, {});
    const auto flag = btf_.integer("_Bool", 1, 4);
    const auto letter = btf_.integer("char", 1, 1);
    const auto colour = btf_.enumeration("colour", 4, {{"RED", 0}});
    btf_.structure("all", 64,
                   {{"count", btf_.alias("pid_t", int_), 0},
                    {"is_on", flag, 32},
                    {"comm", btf_.array(btf_.constant(letter), 16), 40},
                    {"colour", colour, 192},
                    {"parent", btf_.pointer(btf_.constant(task)), 256},
                    {"argv", btf_.pointer(btf_.pointer(letter)), 320},
                    {"func", btf_.alias("func_t", btf_.pointer(btf_.prototype(0))), 384},
                    {"matrix", btf_.array(btf_.array(letter, 3), 2), 448}});
    const Layout layout = build();
    const auto& count = member(layout, "all", "count");
    EXPECT_EQ(count.kind, MemberKind::integer);
    EXPECT_TRUE(count.is_signed);
    EXPECT_EQ(count.type, "pid_t");
    EXPECT_EQ(member(layout, "all", "is_on").kind, MemberKind::boolean);
    const auto& comm = member(layout, "all", "comm");
    EXPECT_EQ(comm.kind, MemberKind::character);
    EXPECT_EQ(comm.offset, 5U);
    EXPECT_EQ(comm.size, 16U);
    EXPECT_THAT(comm.array, ElementsAre(16));
    EXPECT_EQ(member(layout, "all", "colour").type, "colour");
    const auto& parent = member(layout, "all", "parent");
    EXPECT_EQ(parent.kind, MemberKind::pointer);
    EXPECT_EQ(parent.target, "task");
    EXPECT_EQ(parent.depth, 1U);
    EXPECT_EQ(parent.size, 8U);
    const auto& argv = member(layout, "all", "argv");
    EXPECT_EQ(argv.depth, 2U);
    EXPECT_EQ(argv.type, "char");
    const auto& func = member(layout, "all", "func");
    EXPECT_EQ(func.kind, MemberKind::function);
    EXPECT_EQ(func.type, "func_t");
    EXPECT_THAT(member(layout, "all", "matrix").array, ElementsAre(2, 3));
}

TEST_F(LayoutBuilderTest, AnonymousMembersBecomeTheOutersOwn) {
    const auto inner = btf_.structure("", 8, {{"a", u32_, 0}, {"b", u32_, 32}});
    const auto either = btf_.union_type("", 8, {{"", inner, 0}, {"whole", u64_, 0}});
    btf_.structure("outer", 16, {{"before", u64_, 0}, {"", either, 64}});
    const Layout layout = build();
    EXPECT_EQ(member(layout, "outer", "b").offset, 12U);
    EXPECT_TRUE(member(layout, "outer", "b").is_shared);
    EXPECT_EQ(member(layout, "outer", "whole").offset, 8U);
    EXPECT_FALSE(member(layout, "outer", "before").is_shared);
}

TEST_F(LayoutBuilderTest, MembersOfANamelessTypeAreReachedThroughTheirMember) {
    const auto inner = btf_.structure("", 8, {{"a", u32_, 0}, {"b", u32_, 32}});
    btf_.structure("outer", 16, {{"before", u64_, 0}, {"removed", inner, 64}});
    const Layout layout = build();
    EXPECT_EQ(member(layout, "outer", "removed").offset, 8U);
    EXPECT_EQ(member(layout, "outer", "removed.b").offset, 12U);
}

TEST_F(LayoutBuilderTest, ATypedefNamesAStructureWithoutATag) {
    const auto bare = btf_.structure("", 8, {{"sig", btf_.array(u64_, 1), 0}});
    const auto sigset = btf_.alias("sigset_t", bare);
    btf_.structure("sigpending", 8, {{"signal", sigset, 0}});
    const Layout layout = build();
    EXPECT_EQ(layout.structs.at("sigset_t").size, 8U);
    EXPECT_EQ(member(layout, "sigpending", "signal").target, "sigset_t");
}

TEST_F(LayoutBuilderTest, ATypedefWithoutANameNamesNothing) {
    btf_.alias("", btf_.structure("", 8, {{"a", u64_, 0}}));
    EXPECT_TRUE(build().structs.empty());
}

TEST_F(LayoutBuilderTest, ATagWinsOverATypedefOfTheSameName) {
    btf_.alias("twin", btf_.structure("", 8, {{"of_typedef", u64_, 0}}));
    btf_.structure("twin", 4, {{"of_tag", u32_, 0}});
    EXPECT_EQ(build().structs.at("twin").size, 4U);
}

TEST_F(LayoutBuilderTest, OfSeveralDefinitionsTheFirstIsTaken) {
    btf_.structure("state", 4, {{"core", u32_, 0}});
    btf_.structure("state", 8, {{"driver", u64_, 0}});
    EXPECT_EQ(build().structs.at("state").size, 4U);
}

TEST_F(LayoutBuilderTest, ABitFieldLiesInTheUnitOfItsType) {
    btf_.structure("flags", 8, {{"first", u32_, 0, 1}, {"later", u32_, 35, 4}});
    const Layout layout = build();
    const auto& later = member(layout, "flags", "later");
    EXPECT_EQ(later.offset, 4U);
    EXPECT_EQ(later.size, 4U);
    EXPECT_EQ(later.bit_offset, 3U);
    EXPECT_EQ(later.bit_size, 4U);
}

TEST_F(LayoutBuilderTest, APackedBitFieldLiesInTheFewestBytesThatHoldIt) {
    // Bits 28..35 cross the 32-bit units; the last one's unit would end after the structure.
    btf_.structure("packed", 6, {{"crossing", u32_, 28, 8}, {"last", u32_, 40, 8}});
    const Layout layout = build();
    const auto& crossing = member(layout, "packed", "crossing");
    EXPECT_EQ(crossing.offset, 3U);
    EXPECT_EQ(crossing.size, 2U);
    EXPECT_EQ(crossing.bit_offset, 4U);
    const auto& last = member(layout, "packed", "last");
    EXPECT_EQ(last.offset, 5U);
    EXPECT_EQ(last.size, 1U);
}

TEST_F(LayoutBuilderTest, AnonymousEnumerationsAreConstantsUnlessTheyDisagree) {
    btf_.enumeration("", 4, {{"COMM_LEN", 16}, {"PRIVATE", 1}});
    btf_.enumeration("", 4, {{"COMM_LEN", 16}, {"PRIVATE", 2}});
    btf_.alias("state_t", btf_.enumeration("", 4, {{"UP", 1}}));
    const Layout layout = build();
    EXPECT_EQ(layout.constants.at("COMM_LEN").value, 16);
    EXPECT_EQ(layout.constants.at("COMM_LEN").source, "types: anonymous enumeration");
    EXPECT_FALSE(layout.constants.contains("PRIVATE"));
    EXPECT_EQ(layout.enums.at("state_t").values.front().first, "UP");
}

TEST_F(LayoutBuilderTest, WhatIsNotWantedIsLeftOutAndWhatIsNotThereIsNoError) {
    btf_.structure("task", 8, {{"pid", int_, 0}, {"tgid", int_, 32}});
    btf_.structure("other", 4, {{"x", u32_, 0}});
    btf_.alias("task_t", 4);
    Wanted wanted;
    wanted.structs["task"] = {"pid", "from_the_future"};
    wanted.structs["task_t"] = {"*"};
    wanted.structs["absent"] = {"*"};
    const Layout layout = build(wanted);
    EXPECT_EQ(layout.structs.size(), 2U);
    EXPECT_EQ(layout.structs.at("task").members.size(), 1U);
    EXPECT_TRUE(layout.structs.at("task").is_partial);
    EXPECT_EQ(layout.structs.at("task_t").members.size(), 2U);
    EXPECT_FALSE(layout.structs.at("task_t").is_partial);
}

TEST_F(LayoutBuilderTest, TheFlavourIsReadFromTheTypes) {
    btf_.structure("pt_regs", 8, {{"orig_ax", u64_, 0}});
    btf_.alias("arch_spinlock_t", btf_.structure("qspinlock", 4, {{"val", u32_, 0}}));
    const auto rt_mutex = btf_.structure("rt_mutex_base", 8, {{"wait_lock", u64_, 0}});
    btf_.structure("spinlock", 8, {{"lock", rt_mutex, 0}});
    const auto kernel = build().kernel;
    EXPECT_EQ(kernel.architecture, "x86_64");
    EXPECT_EQ(kernel.smp, true);
    EXPECT_EQ(kernel.preempt_rt, true);
    EXPECT_EQ(kernel.randstruct, std::nullopt);
}

TEST_F(LayoutBuilderTest, ARandomisedKernelIsRefused) {
    const auto shuffled = btf_.structure("", 8, {{"stack", btf_.pointer(0), 0}});
    btf_.structure("task_struct", 16, {{"thread_info", u64_, 0}, {"", shuffled, 64}});
    EXPECT_EQ(line(),
              "a.btf: not supported: a kernel with randomised structures (CONFIG_RANDSTRUCT); its "
              "debug information does not tell where members are");
}

TEST_F(LayoutBuilderTest, ImpossibleStructuresAreRefused) {
    btf_.structure("s", 4, {{"a", u64_, 0}});
    EXPECT_THAT(line(), HasSubstr("struct s: member 'a' reaches over the structure's end"));
}

TEST_F(LayoutBuilderTest, AMemberThatStandsTwiceIsRefused) {
    btf_.structure("s", 8, {{"a", u32_, 0}, {"a", u32_, 32}});
    EXPECT_THAT(line(), HasSubstr("struct s: member 'a' is there twice"));
}

TEST_F(LayoutBuilderTest, AMemberWithoutAValueIsRefused) {
    btf_.structure("s", 8, {{"a", btf_.alias("nothing", 0), 0}});
    EXPECT_THAT(line(), HasSubstr("member 'a' is of a type that no member can have"));
}

TEST_F(LayoutBuilderTest, AHugeArrayIsRefused) {
    auto array = btf_.array(u64_, 0xffffffff);
    for (int i = 0; i < 3; ++i) array = btf_.array(array, 0xffffffff);
    btf_.structure("s", 8, {{"a", array, 0}});
    EXPECT_THAT(line(), HasSubstr("member 'a' is larger than memory"));
}

TEST_F(LayoutBuilderTest, UnfoldingIsBounded) {
    // 2^20 members from twenty types.
    auto inner = btf_.structure("", 8, {{"a", u32_, 0}});
    for (int i = 0; i < 20; ++i) {
        inner = btf_.structure("", 8, {{"", inner, 0}, {"", inner, 0}});
    }
    btf_.structure("bomb", 8, {{"", inner, 0}});
    EXPECT_THAT(line(), HasSubstr("struct bomb: more than 65536 members"));
}

TEST_F(LayoutBuilderTest, ANameThatIsNoIdentifierIsRefused) {
    btf_.structure("s", 8, {{"a\nb", u64_, 0}});
    EXPECT_EQ(line(), "a.btf: malformed: the name 'a?b' is no identifier");
}

TEST_F(LayoutBuilderTest, ImpossibleEnumerationsAreRefused) {
    btf_.enumeration("e", 4, {{"A", 0}, {"A", 1}});
    EXPECT_THAT(line(), HasSubstr("enum e has a value twice"));
}

TEST_F(LayoutBuilderTest, AnEnumerationAsWideAsNoMachineIsRefused) {
    btf_.enumeration("e", 16, {{"A", 0}});
    EXPECT_THAT(line(), HasSubstr("enum e has 16 bytes"));
}

}  // namespace
}  // namespace defib::layouts
