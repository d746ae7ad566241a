// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/compile.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/abi/finding.h"
#include "engine/runtime/policy.h"
#include "image/policy/testing.h"

namespace defib::image {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json good() {
    return json::parse(R"({
        "schema": 1, "mode": "act", "repairs_per_hour": 20,
        "protect": {"names": ["sshd"], "cgroups": ["/system.slice/db.service"], "pids": [42]},
        "detectors": [{"name": "memory", "thresholds": {"low_percent": 5, "hold_ms": 100}},
                      {"name": "panic", "period_ms": 70, "thresholds": {"oops_ms": 60000}}],
        "rules": [
          {"name": "low", "detector": "memory", "fault": "memory_low", "mode": "act", "held_ms": 300,
           "when": {"all_of": [{"evidence": 1, "below": 100}, {"evidence": 4, "at_least": 3}]},
           "victim": {"choose": "largest", "within": "/user.slice", "least_weight": 1000},
           "steps": [
             {"routine": "signal", "arguments": {"signal": 15}, "deadline_ms": 50, "grace_ms": 2000},
             {"routine": "signal", "arguments": {"signal": 9}, "deadline_ms": 500, "grace_ms": 500}],
           "cooldown_ms": 1000, "repairs_per_hour": 10, "why": {"held_ms": "short falls pass"}},
          {"name": "gone", "detector": "panic", "fault": "panic", "mode": "observe", "held_ms": 0}]
        })");
}

json& rule(json& policy) {
    return policy["rules"][0];
}

CompiledPolicy compile(const json& policy, const Vocabulary& words = testing::vocabulary()) {
    auto compiled = compile_policy(policy.dump(), "test.json", words);
    EXPECT_TRUE(compiled) << to_line(compiled.error());
    return compiled.value_or(CompiledPolicy{});
}

// What is said of the good policy after `change`.
template <class Change>
std::vector<std::string> problems_after(Change change) {
    json policy = good();
    change(policy);
    return compile(policy).problems;
}

TEST(CompilePolicy, MakesTheEnginesTable) {
    const CompiledPolicy compiled = compile(good());
    ASSERT_THAT(compiled.problems, IsEmpty());
    EXPECT_THAT(compiled.notes, IsEmpty());
    const DefibPolicy& table = compiled.table;
    ASSERT_TRUE(runtime::check_policy(table));
    EXPECT_EQ(table.mode, uint32_t{DEFIB_MODE_ACT});
    EXPECT_EQ(table.manifest_digest, 77U);
    EXPECT_EQ(table.cgroup_view, 2U);
    EXPECT_STREQ(table.names[0], "sshd");
    EXPECT_STREQ(table.cgroups[0], "/system.slice/db.service");
    EXPECT_EQ(table.pids[0], 42);
    ASSERT_EQ(table.rule_count, 2U);
    const DefibPolicyRule& rule = table.rules[0];
    EXPECT_STREQ(rule.name, "low");
    EXPECT_EQ(rule.detector, 3U);
    EXPECT_EQ(rule.fault, uint32_t{DEFIB_FAULT_MEMORY_LOW});
    EXPECT_EQ(rule.period_ms, 5U) << "the detector's own, where the policy has none";
    EXPECT_EQ(rule.thresholds[0], 5U);
    EXPECT_EQ(rule.thresholds[1], 100U);
    EXPECT_EQ(rule.held_ms, 300U);
    EXPECT_EQ(rule.condition_count, 2U);
    EXPECT_EQ(rule.conditions[0].comparison, uint32_t{DEFIB_IS_BELOW});
    EXPECT_EQ(rule.victim, uint32_t{DEFIB_VICTIM_LARGEST});
    EXPECT_EQ(rule.least_weight, 1000U);
    EXPECT_STREQ(rule.within, "/user.slice");
    ASSERT_EQ(rule.step_count, 2U);
    const DefibPolicyStep& step = rule.steps[0];
    EXPECT_EQ(step.routine, 7U);
    ASSERT_EQ(step.argument_count, 4U);
    EXPECT_EQ(step.arguments[0].source, uint32_t{DEFIB_FROM_TASK});
    EXPECT_EQ(step.arguments[1].source, uint32_t{DEFIB_FROM_PID});
    EXPECT_EQ(step.arguments[2].source, uint32_t{DEFIB_FROM_START_NS});
    EXPECT_EQ(step.arguments[3].source, uint32_t{DEFIB_FROM_LITERAL});
    EXPECT_EQ(step.arguments[3].literal, 15U);
    EXPECT_EQ(table.rules[1].period_ms, 70U);
}

TEST(CompilePolicy, TakesAnArgumentFromWhereThePolicySays) {
    json policy = good();
    policy["detectors"].push_back({{"name", "spinlock"}});
    rule(policy)["detector"] = "spinlock";
    rule(policy)["fault"] = "spinlock_leaked";
    policy["detectors"].erase(0);
    policy["rules"][0]["steps"] = {{{"routine", "unlock"},
                                    {"arguments", {{"lock", "evidence3"}}},
                                    {"deadline_ms", 1},
                                    {"grace_ms", 0}}};
    const CompiledPolicy compiled = compile(policy);
    ASSERT_THAT(compiled.problems, IsEmpty());
    EXPECT_EQ(compiled.table.rules[0].steps[0].arguments[0].source, uint32_t{DEFIB_FROM_EVIDENCE});
    EXPECT_EQ(compiled.table.rules[0].steps[0].arguments[0].index, 3U);
}

TEST(CompilePolicy, PutsWhatIsTakenBackBehindTheChain) {
    json policy = good();
    rule(policy)["finally"] = {
        {{"routine", "signal"}, {"arguments", {{"signal", 18}}}, {"deadline_ms", 700}}};
    const CompiledPolicy compiled = compile(policy);
    ASSERT_THAT(compiled.problems, IsEmpty());
    ASSERT_TRUE(runtime::check_policy(compiled.table));
    const DefibPolicyRule& made = compiled.table.rules[0];
    EXPECT_EQ(made.step_count, 2U);
    ASSERT_EQ(made.finally_count, 1U);
    EXPECT_EQ(made.steps[2].arguments[3].literal, 18U);
    EXPECT_EQ(made.steps[2].deadline_ms, 700U);
}

struct Fault {
    const char* name;
    void (*change)(json&);
    const char* said;
};

class RefusedPolicy : public ::testing::TestWithParam<Fault> {};

TEST_P(RefusedPolicy, SaysWhatAndWhere) {
    const auto problems = problems_after(GetParam().change);
    EXPECT_THAT(problems, Contains(HasSubstr(GetParam().said)))
        << ::testing::PrintToString(problems);
    for (const std::string& problem : problems) EXPECT_EQ(problem.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, RefusedPolicy,
    ::testing::Values(
        Fault{"OtherSchema", [](json& p) { p["schema"] = 2; }, "schema is not 1"},
        Fault{"UnknownKey", [](json& p) { rule(p)["hold_ms"] = 1; },
              "rules (low): no key is called hold_ms"},
        Fault{"UnknownKeyInStep", [](json& p) { rule(p)["steps"][1]["deadline"] = 1; },
              "rules (low), steps[1]: no key is called deadline"},
        Fault{"Missing", [](json& p) { rule(p).erase("held_ms"); }, "held_ms is missing"},
        Fault{"NoProtection", [](json& p) { p.erase("protect"); }, "protect is missing"},
        Fault{"WrongType", [](json& p) { rule(p)["held_ms"] = "300"; },
              "held_ms is no whole number"},
        Fault{"TooLong", [](json& p) { rule(p)["held_ms"] = 86400001; },
              "held_ms is no whole number from 0 to 86400000"},
        Fault{"Negative", [](json& p) { rule(p)["cooldown_ms"] = -1; }, "cooldown_ms is no whole"},
        Fault{"UnknownMode", [](json& p) { p["mode"] = "kill"; }, "it may be observe, act"},
        Fault{"UnknownDetector", [](json& p) { p["detectors"][0]["name"] = "memroy"; },
              "detectors (memroy): there is no such detector"},
        Fault{"DetectorNotSetUp", [](json& p) { rule(p)["detector"] = "locks"; },
              "the policy sets up no detector locks"},
        Fault{"DetectorTwice", [](json& p) { p["detectors"].push_back(p["detectors"][0]); },
              "it is there twice"},
        Fault{"UnusedDetector", [](json& p) { p["detectors"].push_back({{"name", "locks"}}); },
              "detectors (locks): no rule uses it"},
        Fault{"UnknownThreshold", [](json& p) { p["detectors"][0]["thresholds"]["high"] = 1; },
              "thresholds: no key is called high"},
        Fault{"MissingThreshold",
              [](json& p) { p["detectors"][0]["thresholds"].erase("low_percent"); },
              "low_percent is missing"},
        Fault{"ThresholdTooWide",
              [](json& p) { p["detectors"][0]["thresholds"]["hold_ms"] = 0x100000000; },
              "hold_ms is no whole number from 0 to 4294967295"},
        Fault{"MoreThanAll", [](json& p) { p["detectors"][0]["thresholds"]["low_percent"] = 101; },
              "low_percent is no whole number from 0 to 100"},
        Fault{"FaultOfAnother", [](json& p) { rule(p)["fault"] = "panic"; },
              "the detector memory never reports panic"},
        Fault{"UnknownFault", [](json& p) { rule(p)["fault"] = "oom"; }, "no fault is called oom"},
        Fault{"UnknownRoutine", [](json& p) { rule(p)["steps"][0]["routine"] = "kill"; },
              "no routine is called kill"},
        Fault{"UnknownArgument", [](json& p) { rule(p)["steps"][0]["arguments"]["sig"] = 9; },
              "steps[0] (signal): no key is called sig"},
        Fault{"MissingArgument", [](json& p) { rule(p)["steps"][0].erase("arguments"); },
              "signal is missing: a number, or where it comes from"},
        Fault{"UnknownSource", [](json& p) { rule(p)["steps"][0]["arguments"]["signal"] = "nine"; },
              "signal: nothing is called nine"},
        Fault{"NoDeadline", [](json& p) { rule(p)["steps"][0]["deadline_ms"] = 0; },
              "deadline_ms is no whole number from 1"},
        Fault{"EvidenceOutOfRange", [](json& p) { rule(p)["when"]["all_of"][0]["evidence"] = 8; },
              "evidence is no whole number from 0 to 7"},
        Fault{"TwoComparisons", [](json& p) { rule(p)["when"]["all_of"][0]["is"] = 8; },
              "it needs one of at_least, below, is, is_not"},
        Fault{"AllAndAny", [](json& p) { rule(p)["when"]["any_of"] = json::array(); },
              "it is all_of or any_of"},
        Fault{"LongName", [](json& p) { p["protect"]["names"][0] = "systemd-networkd"; },
              "longer than 15 letters"},
        Fault{"NoPath", [](json& p) { p["protect"]["cgroups"][0] = "system.slice"; },
              "is no path of a cgroup"},
        Fault{"NoPid", [](json& p) { p["protect"]["pids"][0] = 0; }, "is no pid"},
        Fault{"NoVictimForTheStep", [](json& p) { rule(p)["victim"] = {{"choose", "none"}}; },
              "pid is the victim's, and the rule chooses none"},
        Fault{"ReasonForNothing", [](json& p) { rule(p)["why"]["hold"] = "it was so"; },
              "why gives a reason for hold"},
        // Contradictions.
        Fault{"ActsWithoutSteps", [](json& p) { rule(p)["steps"] = json::array(); },
              "it acts, and has no steps"},
        Fault{"ActsNever", [](json& p) { rule(p)["repairs_per_hour"] = 0; },
              "repairs_per_hour is 0"},
        Fault{"PolicyActsNever", [](json& p) { p["repairs_per_hour"] = 0; },
              "the policy acts, and repairs_per_hour is 0"},
        Fault{"NeverHolds",
              [](json& p) { rule(p)["when"]["all_of"][1] = {{"evidence", 1}, {"at_least", 100}}; },
              "when can never hold"},
        Fault{"BelowNothing",
              [](json& p) { rule(p)["when"] = {{"any_of", {{{"evidence", 1}, {"below", 0}}}}}; },
              "when can never hold"},
        Fault{"VictimsAreProtected",
              [](json& p) { rule(p)["victim"]["within"] = "/system.slice/db.service/worker"; },
              "its victims are of /system.slice/db.service/worker"},
        Fault{"SameName", [](json& p) { p["rules"][1]["name"] = "low"; }, "two have this name"},
        Fault{"Unreachable",
              [](json& p) {
                  json second = rule(p);
                  second["name"] = "second";
                  second["held_ms"] = 400;
                  rule(p).erase("when");
                  rule(p)["victim"] = {{"choose", "largest"}};
                  p["rules"].push_back(second);
              },
              "rules (second): never reached, for rule low takes all of its findings"},
        Fault{"Copied",
              [](json& p) {
                  json second = rule(p);
                  second["name"] = "second";
                  p["rules"].push_back(second);
              },
              "rules (second): never reached, for rule low takes all of its findings"},
        Fault{"NarrowerThanAnEarlierOne",
              [](json& p) {
                  json second = rule(p);
                  second["name"] = "second";
                  second["victim"]["least_weight"] = 1 << 20;
                  p["rules"].push_back(second);
              },
              "rules (second): never reached, for rule low takes all of its findings"},
        Fault{"VictimOfNobody", [](json& p) { rule(p)["fault"] = "kernel_memory"; },
              "rules (low): it wants a victim, and kernel_memory names nobody"},
        Fault{"FastestOfWhoDoesNotTell",
              [](json& p) {
                  rule(p)["fault"] = "memory_pressure";
                  rule(p)["victim"]["choose"] = "fastest";
              },
              "it asks how fast the victim grows, and memory_pressure does not tell it"},
        Fault{"LeastGrowthOfWhoDoesNotTell",
              [](json& p) {
                  rule(p)["fault"] = "memory_pressure";
                  rule(p)["victim"]["least_growth"] = 1;
              },
              "it asks how fast the victim grows, and memory_pressure does not tell it"},
        Fault{"TermAfterKill",
              [](json& p) { std::swap(rule(p)["steps"][0], rule(p)["steps"][1]); },
              "rules (low): steps[1] sends signal 15 to who was killed before"},
        Fault{"CureForAnother",
              [](json& p) {
                  rule(p)["steps"][0] = {{"routine", "unlock"},
                                         {"arguments", {{"lock", "key"}}},
                                         {"deadline_ms", 1},
                                         {"grace_ms", 0}};
              },
              "steps[0]: unlock is for spinlock_leaked, and does nothing about memory_low"},
        Fault{"HeldForLongerThanItIsTold",
              [](json& p) {
                  p["rules"][1]["fault"] = "oops";
                  p["rules"][1]["held_ms"] = 60000;
              },
              "rules (gone): held_ms 60000: an oops is told for oops_ms 60000 only"},
        Fault{"GraceOfWhatTakesBack",
              [](json& p) { rule(p)["finally"] = json::array({rule(p)["steps"][0]}); },
              "finally[0]: no key is called grace_ms"},
        Fault{"MoreStepsThanThereAre",
              [](json& p) {
                  json last = rule(p)["steps"][0];
                  last.erase("grace_ms");
                  rule(p)["finally"] = json::array({last, last, last, last, last});
              },
              "finally"},
        Fault{"NoSignal", [](json& p) { rule(p)["steps"][0]["arguments"]["signal"] = 99; },
              "signal 99: there are 1 to 64"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(CompilePolicy, TellsAllProblemsAtOnce) {
    const auto problems = problems_after([](json& policy) {
        rule(policy)["hold_ms"] = 1;
        policy["mode"] = "kill";
        policy["protect"]["pids"][0] = 0;
    });
    EXPECT_EQ(problems.size(), 3U);
}

TEST(CompilePolicy, KeepsARuleBehindAnEarlierOneThatAsksForMore) {
    const auto keeps = [](const auto& loosen) {
        EXPECT_THAT(problems_after([&](json& policy) {
                        json second = rule(policy);
                        second["name"] = "second";
                        loosen(second);
                        policy["rules"].push_back(second);
                    }),
                    IsEmpty());
    };
    keeps([](json& second) { second.erase("when"); });
    keeps([](json& second) { second["when"]["all_of"][0]["below"] = 101; });
    keeps([](json& second) { second["when"]["all_of"][0]["evidence"] = 2; });
    keeps([](json& second) { second["when"] = {{"any_of", second["when"]["all_of"]}}; });
    keeps([](json& second) { second["victim"].erase("within"); });
    keeps([](json& second) { second["victim"]["least_weight"] = 999; });
    keeps([](json& second) { second["held_ms"] = 299; });
}

TEST(CompilePolicy, LeavesOutWhatTheKernelCannotServeAndSaysSo) {
    json policy = good();
    policy["detectors"].push_back({{"name", "locks"}});
    policy["rules"][1]["detector"] = "locks";
    rule(policy)["steps"].push_back({{"routine", "freeze"}, {"deadline_ms", 1}, {"grace_ms", 1}});
    policy["detectors"].erase(1);
    const CompiledPolicy compiled = compile(policy);
    EXPECT_THAT(compiled.problems, IsEmpty());
    EXPECT_THAT(compiled.notes,
                ElementsAre(HasSubstr("rules (low): only observes, routine freeze is off"),
                            HasSubstr("rules (gone): left out, detector locks is off")));
    ASSERT_EQ(compiled.table.rule_count, 1U);
    EXPECT_EQ(compiled.table.rules[0].mode, uint32_t{DEFIB_MODE_OBSERVE});
}

TEST(CompilePolicy, NeedsAViewOfPathsWhereItNamesCgroups) {
    Vocabulary words = testing::vocabulary();
    words.cgroup_view = ~0U;
    EXPECT_THAT(compile(good(), words).problems, Contains(HasSubstr("it names cgroups")));
}

TEST(CompilePolicy, RefusesAKeyThatStandsTwice) {
    const auto compiled =
        compile_policy(R"({"mode": "act", "mode": "observe"})", "test.json", testing::vocabulary());
    ASSERT_FALSE(compiled);
    EXPECT_EQ(to_line(compiled.error()), "test.json: not a policy: 'mode' is there twice");
}

TEST(CompilePolicy, RefusesWhatIsNoJson) {
    EXPECT_FALSE(compile_policy("{", "test.json", testing::vocabulary()));
    EXPECT_THAT(compile(json::array()).problems, Contains(HasSubstr("is no object")));
}

}  // namespace
}  // namespace defib::image
