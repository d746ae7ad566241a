// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "boot/metrics/count.h"
#include "boot/metrics/http.h"

namespace defib::boot::metrics {
namespace {

constexpr uint64_t SECOND = 1'000'000'000;

std::string text_of(const Vitals& vitals, uint64_t now_ns = 0) {
    std::vector<char> room(MOST_EXPOSITION);
    return std::string(expose(vitals, now_ns, room));
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).contains("\n" + line + "\n");
}

DefibJournalEntry entry(uint32_t kind, uint32_t subject, std::array<uint64_t, 4> values = {}) {
    DefibJournalEntry made{};
    made.kind = kind;
    made.subject = subject;
    std::ranges::copy(values, made.values);
    return made;
}

struct Counted {
    std::unique_ptr<Vitals> vitals = std::make_unique<Vitals>();
    Counted() { set_name(vitals->routines[7].name, "signal"); }
    void take(uint32_t kind, uint32_t subject, std::array<uint64_t, 4> values = {}) const {
        count(*vitals, entry(kind, subject, values), 0);
    }
};

TEST(Metrics, ARepairIsCountedFromItsFindingToItsEffect) {
    const Counted counted;
    counted.take(DEFIB_JOURNAL_OPENED, DEFIB_FAULT_MEMORY_LOW);
    EXPECT_TRUE(has_line(text_of(*counted.vitals), "defib_findings_open{fault=\"memory_low\"} 1"));
    counted.take(DEFIB_JOURNAL_STEP, 7);
    counted.take(DEFIB_JOURNAL_EXECUTED, 7, {DEFIB_OUTCOME_COMMITTED});
    counted.take(DEFIB_JOURNAL_STORED, 1);
    counted.take(DEFIB_JOURNAL_STORED, 2);
    counted.take(DEFIB_JOURNAL_OBSERVED, 7, {1, SECOND / 4});
    counted.take(DEFIB_JOURNAL_CLOSED, DEFIB_FAULT_MEMORY_LOW, {SECOND, SECOND, 1});
    const std::string text = text_of(*counted.vitals);
    for (const char* line :
         {"defib_findings_total{fault=\"memory_low\"} 1", "defib_findings_total{fault=\"panic\"} 0",
          "defib_findings_open{fault=\"memory_low\"} 0",
          "defib_findings_over_total{fault=\"memory_low\",by=\"repair\"} 1",
          "defib_plans_total{routine=\"signal\",outcome=\"committed\"} 1", "defib_commits_total 1",
          "defib_stores_total 2", "defib_steps_total{routine=\"signal\",how=\"done\"} 1",
          "defib_effects_total{outcome=\"seen\"} 1", "defib_effects_total{outcome=\"undone\"} 0",
          "defib_repair_seconds_sum 0.25", "defib_repair_seconds_count 1"}) {
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    }
}

TEST(Metrics, WhatIsRefusedIsCountedByItsReason) {
    const Counted counted;
    counted.take(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_RULE_BUDGET);
    counted.take(DEFIB_JOURNAL_REFUSED, 7);
    const std::string text = text_of(*counted.vitals);
    EXPECT_TRUE(has_line(text, "defib_refused_total{reason=\"rule_budget\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "defib_refused_total{reason=\"off\"} 1"));
}

TEST(Metrics, NumbersOfANewerEngineAreOneLineAndNothingIsWrittenOutside) {
    const Counted counted;
    counted.take(DEFIB_JOURNAL_OPENED, FAULTS - 1);
    counted.take(DEFIB_JOURNAL_OPENED, FAULTS - 2);
    for (const uint32_t kind :
         {DEFIB_JOURNAL_OPENED, DEFIB_JOURNAL_CLOSED, DEFIB_JOURNAL_DECLINED,
          DEFIB_JOURNAL_EXHAUSTED, DEFIB_JOURNAL_EXECUTED, DEFIB_JOURNAL_STEP}) {
        counted.take(kind, ~0U, {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}});
        counted.take(kind, 7, {~uint64_t{0}});
    }
    const std::string text = text_of(*counted.vitals);
    EXPECT_TRUE(has_line(text, "defib_findings_total{fault=\"other\"} 2")) << text;
    EXPECT_FALSE(text.contains("outcome=\"\""));
}

TEST(Metrics, ALoopThatStandsStillAgesAndOneThatTurnsHasAPeriod) {
    const Counted counted;
    for (uint64_t i = 0; i <= 200; i++) {
        look_at_heart(*counted.vitals, i + 1, SECOND + i * SECOND / 100);
    }
    look_at_heart(*counted.vitals, 201, 6 * SECOND);
    const std::string text = text_of(*counted.vitals, 7 * SECOND);
    EXPECT_TRUE(has_line(text, "defib_engine_loop_period_seconds 0.01")) << text;
    EXPECT_TRUE(has_line(text, "defib_engine_heartbeat_age_seconds 4")) << text;
    EXPECT_TRUE(has_line(text, "defib_engine_turns_total 201"));
    EXPECT_FALSE(text.contains("defib_engine_reads_total")) << "nobody has counted them";
}

TEST(Metrics, ANameCannotEndItsLabel) {
    const Counted counted;
    set_name(counted.vitals->target, "vm:/a\"} 1\n\\\x01");
    EXPECT_TRUE(text_of(*counted.vitals).contains("target=\"vm:/a_} 1___\""));
}

TEST(Metrics, EveryNumberAtOnceFits) {
    const Counted counted;
    set_name(counted.vitals->version, std::string(NAME_BYTES, 'v'));
    // As many repairs as a set has, each with every outcome.
    constexpr size_t REPAIRS = 96;
    for (size_t i = 0; i < REPAIRS; i++) {
        OfRoutine& one = counted.vitals->routines[i];
        set_name(one.name, std::string(32, 'r'));
        for (Count& plan : one.plans) plan = ~uint64_t{0};
        one.steps = ~uint64_t{0};
        one.would = ~uint64_t{0};
    }
    EXPECT_FALSE(text_of(*counted.vitals).empty());
    std::vector<char> small(1000);
    EXPECT_TRUE(expose(*counted.vitals, 0, small).empty()) << "refused, not cut";
}

// -- Requests ------------------------------------------------------------------------------------

Wanted wanted(std::string_view head) {
    return parse(std::string(head) + "\r\n\r\n").wanted;
}

TEST(Http, UnderstandsWhatAScrapeSaysAndNothingElse) {
    EXPECT_EQ(wanted("GET /metrics HTTP/1.1\r\nHost: a"), Wanted::metrics);
    EXPECT_EQ(wanted("GET /metrics?x=1 HTTP/1.0"), Wanted::metrics);
    EXPECT_EQ(wanted("GET /metricsx HTTP/1.1"), Wanted::nothing);
    EXPECT_EQ(wanted("POST /metrics HTTP/1.1\r\nHost: a"), Wanted::method);
    for (const char* bad :
         {"", "GET", "GET /metrics", "GET /metrics HTTP/2", "GET metrics HTTP/1.1",
          "GET /met rics HTTP/1.1", "GET /metrics HTTP/1.1\r\nno colon",
          "GET /metrics HTTP/1.1\r\n folded: x", "GET /metrics HTTP/1.1\r\n: empty"}) {
        EXPECT_EQ(wanted(bad), Wanted::malformed) << bad;
    }
    EXPECT_EQ(parse("GET /metrics HTTP/1.1\r\nHost: a\r\n").wanted, Wanted::more);
    EXPECT_EQ(parse(std::string(MOST_REQUEST, 'a')).wanted, Wanted::too_large);
    EXPECT_TRUE(parse("HEAD /metrics HTTP/1.1\r\n\r\n").is_head);
}

}  // namespace
}  // namespace defib::boot::metrics
