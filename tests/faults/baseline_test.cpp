// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defib::faults {
namespace {

using ::testing::HasSubstr;

Observation observation() {
    return {"f1a", "6.12", "6.12.1-amd64", 4.04, 0.31, 0.02, "soft lockup 5 s", "hangs"};
}

TEST(BaselineSummary, TellsEachKindOnceWithItsTime) {
    EXPECT_EQ(summary_of("[   12.100000] watchdog: BUG: soft lockup - CPU#1\r\n"
                         "[   16.100000] watchdog: BUG: soft lockup - CPU#0\r\n"
                         "x[   28.000000] rcu: INFO: rcu_preempt self-detected stall\r\n",
                         7.0),
              "soft lockup 5 s, RCU stall 21 s");
    EXPECT_EQ(summary_of("[    1.0] all is well\n", 0), "");
}

TEST(BaselineSummary, SurvivesLinesWithoutATime) {
    EXPECT_EQ(summary_of("soft lockup\n", 3), "soft lockup 0 s");
    EXPECT_EQ(summary_of("soft lockup [\n", 3), "soft lockup 0 s");
}

TEST(BaselineTable, HasARowPerObservation) {
    const std::string table = table_of({observation()});
    EXPECT_THAT(table,
                HasSubstr("| `f1a` | 6.12 | 4.0 s | last 0.3 s | soft lockup 5 s | hangs |"));
    EXPECT_THAT(table, HasSubstr("6.12.1-amd64"));
}

TEST(BaselineTable, SaysWhatWasNotSeen) {
    Observation seen = observation();
    seen.symptom_s = -1;
    seen.last_beat_s = 59.9;
    seen.log = "";
    EXPECT_THAT(table_of({seen}), HasSubstr("| not seen | longest gap 0.02 s | - |"));
}

TEST(BaselineTable, DescribesEveryFault) {
    const std::string table = table_of({});
    for (const Fault& fault : all()) EXPECT_THAT(table, HasSubstr(std::string("| `") + fault.name));
}

TEST(BaselineJson, ComesBackAsItWent) {
    const auto back = from_json(to_json(observation()));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back), to_json(observation()));
}

TEST(BaselineJson, RefusesWhatIsNoObservation) {
    EXPECT_FALSE(from_json(nlohmann::json::parse("nonsense", nullptr, false)));
    EXPECT_FALSE(from_json(nlohmann::json::array()));
    auto json = to_json(observation());
    json["symptom_s"] = "soon";
    EXPECT_FALSE(from_json(json));
    json.erase("symptom_s");
    EXPECT_FALSE(from_json(json));
}

TEST(BaselineDocument, KeepsWhatIsOutsideTheMarkers) {
    const std::string begins = TABLE_BEGINS;
    const std::string ends = TABLE_ENDS;
    const auto text = with_table("a\n" + begins + "old\n" + ends + "z\n", "new\n");
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "a\n" + begins + "new\n" + ends + "z\n");
}

TEST(BaselineDocument, WithoutMarkersIsRefused) {
    EXPECT_FALSE(with_table("a\n", "new\n"));
    EXPECT_FALSE(with_table(std::string(TABLE_ENDS) + TABLE_BEGINS, "new\n"));
}

}  // namespace
}  // namespace defib::faults
