// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detect/expected.h"
#include "tests/faults/fault.h"
#include "tests/matrix/cases.h"
#include "tests/matrix/schedule.h"
#include "tests/matrix/table.h"
#include "tests/matrix/verdict.h"

namespace defib::matrix {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// -- Cases ---------------------------------------------------------------------------------------

TEST(Cases, ThereIsOneForEachFault) {
    for (const faults::Fault& fault : faults::all()) {
        const bool is_case = case_of(fault.name) != nullptr;
        EXPECT_EQ(is_case, fault.kind != faults::Kind::HEALTHY) << fault.name;
    }
    for (const Case& one : all_cases()) EXPECT_NE(faults::find(one.fault()), nullptr) << one.name;
}

TEST(Cases, WhatIsNotEndedHasAReason) {
    for (const Case& one : all_cases()) {
        const bool has_reason = *one.why != 0;
        EXPECT_EQ(has_reason, one.outlook != Outlook::ENDED) << one.name;
        const bool owes_finding = *one.finding != 0;
        EXPECT_EQ(owes_finding, one.outlook != Outlook::ALONE) << one.name;
    }
}

TEST(Cases, OfTheHookAreOfFaultsToo) {
    for (const Case& one : hooked_cases()) {
        EXPECT_NE(case_of(one.name), nullptr) << one.name;
        EXPECT_EQ(hooked_case_of(one.name), &one);
        EXPECT_EQ(*one.why != 0, one.outlook != Outlook::ENDED) << one.name;
    }
    EXPECT_EQ(hooked_case_of("hog"), nullptr);
}

// -- The judge -----------------------------------------------------------------------------------

constexpr lab::Clock::time_point STRUCK{std::chrono::seconds(100)};

recover::Event event(const char* kind, double at_s, uint64_t number, nlohmann::json more = {}) {
    nlohmann::json json = {{"event", kind},
                           {"case", number},
                           {"engine_ns", static_cast<uint64_t>((100 + at_s) * 1e9)}};
    json.update(more.is_null() ? nlohmann::json::object() : more);
    return {json};
}

TEST(Judge, TellsWhenItWasFoundAndWhenItWasOver) {
    const std::vector<recover::Event> events = {
        event("finding", 1.5, 1, {{"fault", "memory_falling"}}),
        event("victim", 1.6, 1, {{"name", "v-hog"}}),
        event("step", 1.6, 1, {{"routine", "signal"}}),
        event("finding", 1.7, 2, {{"fault", "memory_low"}}),
        event("over", 1.8, 1),
        event("over", 2.5, 2),
    };
    const Verdict verdict = judge(events, STRUCK, case_of("hog"));
    EXPECT_NEAR(verdict.found_s, 1.5, 1e-6);
    EXPECT_NEAR(verdict.over_s, 2.5, 1e-6);
    EXPECT_EQ(verdict.open, 0U);
    EXPECT_THAT(verdict.repairs, ElementsAre("signal"));
    EXPECT_THAT(verdict.false_findings, IsEmpty());
    EXPECT_THAT(verdict.harm, IsEmpty());
}

TEST(Judge, IsNotContentWhileAFindingIsOpen) {
    const std::vector<recover::Event> events = {
        event("finding", 1, 1, {{"fault", "realtime_starvation"}}),
        event("finding", 1, 2, {{"fault", "realtime_starvation"}}),
        event("over", 2, 1),
    };
    EXPECT_EQ(judge(events, STRUCK, case_of("rt_hogs")).open, 1U);
}

TEST(Judge, CallsFalseWhatIsNotTrueOfSuchAMachine) {
    const std::vector<recover::Event> events = {
        event("finding", 1, 1, {{"fault", "cpu_overload"}}),  // true of a machine full of realtime
        event("finding", 1, 2, {{"fault", "kernel_memory"}}),
    };
    EXPECT_THAT(judge(events, STRUCK, case_of("rt_hogs")).false_findings,
                ElementsAre("kernel_memory"));
}

TEST(Judge, CallsFalseWhatWasSaidBeforeItStruck) {
    const std::vector<recover::Event> events = {event("finding", -1, 1, {{"fault", "memory_low"}})};
    EXPECT_THAT(judge(events, STRUCK, case_of("hog")).false_findings, ElementsAre("memory_low"));
    EXPECT_LT(judge(events, STRUCK, case_of("hog")).found_s, 0);
}

TEST(Judge, CallsItHarmToTouchSomebodyElse) {
    const std::vector<recover::Event> events = {
        event("finding", 1, 1, {{"fault", "memory_low"}}),
        event("victim", 1, 1, {{"name", "sshd"}}),
        event("finding", 1, 2, {{"fault", "fork_bomb"}}),
        event("step", 1, 2, {{"routine", "kill_family"}}),
    };
    EXPECT_THAT(judge(events, STRUCK, case_of("hog")).harm,
                ElementsAre("chose sshd", "kill_family for fork_bomb"));
}

TEST(Judge, AllowsNothingOnAHealthyMachine) {
    const std::vector<recover::Event> events = {
        event("finding", 1, 1, {{"fault", "memory_low"}}),
        event("step", 1, 1, {{"routine", "signal"}}),
    };
    const Verdict verdict = judge(events, STRUCK, nullptr);
    EXPECT_THAT(verdict.false_findings, ElementsAre("memory_low"));
    EXPECT_THAT(verdict.harm, ElementsAre("signal for memory_low"));
}

// -- Results, schedule, table --------------------------------------------------------------------

RoundResult result(const char* fault, const char* kernel, const char* workload, unsigned number) {
    RoundResult one;
    one.round = {fault, kernel, workload, number};
    one.build = "now";
    one.release = "6.12.1-amd64";
    one.found_s = 1.25;
    one.ended_s = 2.5;
    one.watched_s = 30;
    one.serves = true;
    one.repairs = {"unlock"};
    return one;
}

TEST(Results, ComeBackAsTheyWent) {
    RoundResult one = result("f1a", "6.12", "busy", 7);
    one.false_findings = {"memory_low"};
    one.harm = {"chose sshd"};
    const auto text = to_json(one).dump();
    const auto all = read_results(text + "\n" + text.substr(0, 40) + "\n" + text);
    ASSERT_EQ(all.size(), 2U);  // the one that was cut off is passed over
    EXPECT_EQ(to_json(all[0]), to_json(one));
}

TEST(Schedule, LeavesOutWhatIsDone) {
    Wanted wanted;
    wanted.rounds = 2;
    wanted.faults = {"f1a"};
    wanted.kernels = {"6.1"};
    wanted.workloads = {"quiet"};
    RoundResult failed = result("f1a", "6.1", "quiet", 2);
    failed.error = "did not boot";
    RoundResult other = result("f1a", "6.1", "quiet", 2);
    other.build = "before";
    const std::vector<RoundResult> done = {result("f1a", "6.1", "quiet", 1), failed, other};
    EXPECT_THAT(still_to_do(wanted, done, "now"), ElementsAre(Round{"f1a", "6.1", "quiet", 2}));
}

TEST(Schedule, BeginsWithTheFirstOfEverything) {
    Wanted wanted;
    wanted.rounds = 2;
    wanted.healthy_parts = 1;
    const auto all = still_to_do(wanted, {}, "now");
    const size_t of_faults = 2 * 2 * all_cases().size();
    ASSERT_EQ(all.size(), 2 * of_faults + 2 * faults::healthy_loads().size());
    EXPECT_EQ(all[of_faults - 1].number, 1U);
    EXPECT_EQ(all.back().number, 2U);
}

TEST(Schedule, HoldsHookedRoundsOnlyWhereTheyAreAskedFor) {
    Wanted wanted;
    wanted.rounds = 0;
    EXPECT_THAT(still_to_do(wanted, {}, "now"), IsEmpty());
    wanted.hooked_rounds = 1;
    const auto all = still_to_do(wanted, {}, "now");
    ASSERT_EQ(all.size(), 2 * hooked_cases().size());
    for (const Round& one : all) EXPECT_EQ(one.workload, HOOKED);
}

TEST(Table, ShowsHookedRoundsApart) {
    const std::string table = table_of(std::vector{result("f1b", "6.12", HOOKED, 1)});
    EXPECT_THAT(table, HasSubstr("| faults found | none held |"));
    EXPECT_THAT(table,
                HasSubstr("| `f1b` | 6.12 | 1 | 1 | 1.25 s (1.2) | 1 | 2.50 s (2.5) | none |  |"));
    EXPECT_THAT(table_of(std::vector{result("f1a", "6.12", "quiet", 1)}),
                Not(HasSubstr("With the kernel module")));
}

TEST(Table, CountsFoundAndEnded) {
    RoundResult missed = result("f1a", "6.12", "quiet", 2);
    missed.found_s = missed.ended_s = -1;
    const std::vector<RoundResult> all = {result("f1a", "6.12", "quiet", 1), missed,
                                          result("f1a", "6.12", "busy", 1)};
    const std::string table = table_of(all);
    EXPECT_THAT(table, HasSubstr("| faults found | 2 of 3, 66.7 % |"));
    EXPECT_THAT(table, HasSubstr("| `f1a` | 6.12 | 2 + 1 | 2 | 1.25 s (1.2) | 2 | 2.50 s (2.5) |"));
}

TEST(Table, CountsAsEndedOnlyWhatAnswersAgain) {
    RoundResult dead = result("f1a", "6.12", "quiet", 1);
    dead.serves = false;
    EXPECT_THAT(table_of(std::vector{dead}), HasSubstr("0 of 1, 0.0 %"));
}

TEST(Table, NamesWhatWasSaidFalsely) {
    RoundResult one = result("f1a", "6.12", "quiet", 1);
    one.false_findings = {"memory_low"};
    const std::string table = table_of(std::vector{one});
    EXPECT_THAT(table, HasSubstr("`memory_low` in 1"));
    EXPECT_THAT(table, HasSubstr("| rounds with a false finding | 1 of 1"));
}

TEST(Table, KeepsRoundsThatWereNotHeldOutOfTheCount) {
    RoundResult one = result("f1a", "6.12", "quiet", 1);
    one.error = "did not boot";
    const std::string table = table_of(std::vector{one});
    EXPECT_THAT(table, HasSubstr("| faults found | none held |"));
    EXPECT_THAT(table, HasSubstr("Could not be held: f1a on 6.12, 1 times."));
}

TEST(Table, AddsUpTheTimeOfHealthyLoads) {
    const std::vector<RoundResult> all = {result("compile", "6.1", HEALTHY, 1),
                                          result("compile", "6.1", HEALTHY, 2)};
    EXPECT_THAT(table_of(all), HasSubstr("| `compile` | 6.1 | 1.0 | 2 | none |"));
}

TEST(Table, ReplacesOnlyWhatStandsBetweenTheMarkers) {
    const std::string document =
        std::string("before\n") + TABLE_BEGINS + "old\n" + TABLE_ENDS + "after\n";
    const auto text = with_table(document, "new\n");
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, Not(HasSubstr("old")));
    EXPECT_EQ(*text, std::string("before\n") + TABLE_BEGINS + "new\n" + TABLE_ENDS + "after\n");
    EXPECT_FALSE(with_table("no markers", "new\n"));
}

}  // namespace
}  // namespace defib::matrix
