// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/report.h"

#include <gmock/gmock.h>

#include "tests/demo/ecg.h"

namespace defib::demo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Heart heart_with_a_gap() {
    Heart heart{-2, 10, {}};
    for (int i = -100; i < 500; i++) {
        const double at = i * 0.02;
        if (at < 0.2 || at > 4.2) heart.beats_s.push_back(at);
    }
    return heart;
}

Story story() {
    Episode one;
    one.title = "Deadlock <all CPUs>";
    one.aided = heart_with_a_gap();
    one.unaided = {-2, 10, {-1.0, 0.1}};
    one.unaided_says = "last beat after 0.1 s, and none since";
    one.found_s = 1.5;
    one.written_s = 1.6;
    one.effect_s = 1.61;
    one.over_s = 4.2;
    one.finding = "spinlock_leaked";
    one.repair = "unlock";
    one.stores = {"wrote qspinlock.locked at 0xffff: 0x1 -> 0x0"};
    one.log = {{1.5, "FOUND spinlock_leaked"}};
    return {"6.12.0", "2 CPUs", 8, 40, false, {one}};
}

TEST(Ecg, IsFlatWhereNoBeatCame) {
    const Strip strip{1000, 150, 12, -2};
    const auto strength = strength_of(heart_with_a_gap(), strip);
    ASSERT_EQ(strength.size(), 48U);
    EXPECT_DOUBLE_EQ(strength[0], 1.0);
    EXPECT_DOUBLE_EQ(strength[12], 0.0);
    EXPECT_DOUBLE_EQ(strength[47], 1.0);
    const Trace trace = trace_of(heart_with_a_gap(), strip);
    EXPECT_NE(trace.alive, "");
    EXPECT_NE(trace.flat, "");
}

TEST(Ecg, ShowsNothingOfATimeThatWasNotWatched) {
    const Trace trace = trace_of({-2, 3, {}}, {1000, 150, 12, -2});
    EXPECT_EQ(trace.alive, "");
    EXPECT_EQ(std::count(trace.flat.begin(), trace.flat.end(), 'M'), 20);
}

TEST(Heart, KnowsItsLongestGapSinceTheFault) {
    EXPECT_NEAR(heart_with_a_gap().longest_gap_s(), 4.02, 0.03);
    EXPECT_TRUE((Heart{-2, 10, {-1, 2}}.is_flat_for(5)));
    EXPECT_FALSE((Heart{-2, 10, {-1, 9.9}}.is_flat_for(5)));
}

TEST(Report, NeedsNothingButItself) {
    const std::string page = report_of(story());
    for (const char* outside : {"http:", "https:", "<script", "<link", "<img", "@import", "url("}) {
        EXPECT_THAT(page, Not(HasSubstr(outside)));
    }
}

TEST(Report, MarksFaultFindingRepairAndRecovery) {
    const std::string page = report_of(story());
    for (const char* mark : {"mark fault", "mark found", "mark written", "mark over", ">fault ",
                             ">found +1.5 s", ">written +1.6 s", ">well +4.2 s"}) {
        EXPECT_THAT(page, HasSubstr(mark));
    }
    EXPECT_THAT(page, HasSubstr("1 of 1 times"));
    EXPECT_THAT(page, HasSubstr("the same fault, unaided"));
    EXPECT_THAT(page, HasSubstr("qspinlock.locked"));
}

TEST(Report, EscapesWhatAMachineSays) {
    const std::string page = report_of(story());
    EXPECT_THAT(page, HasSubstr("Deadlock &lt;all CPUs&gt;"));
    EXPECT_THAT(page, Not(HasSubstr("<all CPUs>")));
}

}  // namespace
}  // namespace defib::demo
