// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layouts/show.h"

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

std::vector<std::string> lines(const Layout& a, const Layout& b, const Wanted& wanted = {}) {
    std::vector<std::string> lines;
    for (const Change& change : diff_layouts(a, b, wanted)) {
        lines.push_back((change.is_wanted ? "! " : "") + change.owner + "." + change.name + ": " +
                        change.before + " -> " + change.after);
    }
    return lines;
}

TEST(Diff, ALayoutIsLikeItself) {
    Layout layout;
    layout.structs["s"] = {8, false, false, {member("a", 0, 8)}};
    layout.symbols["init_task"] = {1, false};
    Layout later = layout;
    later.symbols["init_task"] = {2, false};
    EXPECT_THAT(lines(layout, later), IsEmpty());
}

TEST(Diff, WhatMovedCameAndWentIsSaidWantedFirst) {
    Layout a;
    Layout b;
    a.structs["other"] = {8, false, false, {member("x", 0, 8)}};
    b.structs["other"] = {8, false, false, {member("x", 0, 4)}};
    a.structs["task"] = {16, false, false, {member("pid", 0, 4), member("old", 8, 8)}};
    b.structs["task"] = {24, false, false, {member("pid", 4, 4)}};
    b.enums["e"] = {4, false, {{"A", 0}}};
    a.constants["TIF"] = {1, "headers"};
    b.constants["TIF"] = {2, "table"};
    Wanted wanted;
    wanted.structs["task"] = {"pid"};
    EXPECT_THAT(lines(a, b, wanted), ElementsAre("! task.: 16 bytes -> 24 bytes",
                                                 "! task.pid: 0, 4 bytes, int -> 4, 4 bytes, int",
                                                 "other.x: 0, 8 bytes, int -> 0, 4 bytes, int",
                                                 "task.old: 8, 8 bytes, int -> ",
                                                 "e.: "
                                                 " -> 1 values",
                                                 ".TIF: 0x1 -> 0x2"));
}

TEST(Diff, AMemberThatOnlyOneSideListsIsNoChangeUnlessWanted) {
    Layout full;
    Layout partial;
    full.structs["task"] = {16, false, false, {member("pid", 0, 4), member("x", 8, 8)}};
    partial.structs["task"] = {16, false, true, {}};
    Wanted wanted;
    wanted.structs["task"] = {"pid"};
    EXPECT_THAT(lines(full, partial, wanted), ElementsAre("! task.pid: 0, 4 bytes, int -> "));
}

TEST(Show, AStructureLooksAsPaholePrintsIt) {
    auto comm = member("comm", 8, 16);
    comm.kind = MemberKind::character;
    comm.array = {16};
    auto bits = member("ready", 24, 4);
    bits.bit_size = 1;
    bits.bit_offset = 2;
    auto next = member("next", 64, 8);
    next.kind = MemberKind::pointer;
    next.target = next.type = "task";
    next.depth = 1;
    EXPECT_EQ(show_struct("task", {80, false, false, {member("pid", 0, 4), comm, bits, next}}),
              R"(struct task {
        unsigned int               pid;                     /*     0     4 */

        /* XXX 4 bytes hole, try to pack */

        char                       comm[16];                /*     8    16 */

        /* XXX 2 bits hole, try to pack */

        unsigned int               ready:1;                 /* 24: 2     4 */

        /* XXX 317 bits hole, try to pack */

        /* --- cacheline 1 boundary (64 bytes) --- */
        struct task *              next;                    /*    64     8 */

        /* size: 80, cachelines: 2, members: 4 */
        /* holes: 3, 351 bits in all */
        /* padding: 8 */
        /* last cacheline: 16 bytes */
};
)");
}

TEST(Show, AGapOfAPartialStructureIsNoHole) {
    const auto text = show_struct("task", {16, false, true, {member("pid", 8, 4)}});
    EXPECT_THAT(text, ::testing::HasSubstr("/* 8 bytes not listed */"));
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("hole")));
    EXPECT_THAT(text, ::testing::HasSubstr("members: 1 of more"));
}

}  // namespace
}  // namespace defib::layouts
