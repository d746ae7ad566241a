// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/heart.h"

#include <gtest/gtest.h>

namespace defib::demo {
namespace {

using std::chrono::milliseconds;

std::vector<lab::Beat> beats_until(lab::Clock::time_point end, int count, milliseconds apart) {
    std::vector<lab::Beat> beats;
    for (int i = count; i > 0; --i) beats.push_back({{}, end - i * apart + apart / 2});
    return beats;
}

TEST(HeartLine, IsFlatWithoutABeat) {
    EXPECT_EQ(heart_line({}, lab::Clock::now(), milliseconds(100), 4), "____");
}

TEST(HeartLine, IsTallWhereEveryBeatCame) {
    const auto now = lab::Clock::now();
    EXPECT_EQ(heart_line(beats_until(now, 10, milliseconds(20)), now, milliseconds(100), 3), "_▇▇");
}

TEST(HeartLine, AnyBeatRisesAboveFlat) {
    const auto now = lab::Clock::now();
    EXPECT_EQ(heart_line(beats_until(now, 1, milliseconds(50)), now, milliseconds(100), 2), "_▂");
}

TEST(HeartLine, FlattensFromWhereTheBeatsEnded) {
    const auto now = lab::Clock::now();
    const auto beats = beats_until(now - milliseconds(200), 20, milliseconds(20));
    EXPECT_EQ(heart_line(beats, now, milliseconds(100), 5), "▇▇▇__");
}

}  // namespace
}  // namespace defib::demo
