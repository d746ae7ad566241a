// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/rates.h"

#include <gtest/gtest.h>

#include "boot/console/testing.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t SECOND = 1000000000;

// One more look: the records go on by so much, and shares begin at nothing.
Picture later(Picture picture, uint64_t user_ns, uint64_t system_ns, uint64_t runtime_ns) {
    picture.machine.uptime_ns += SECOND;
    for (CpuRow& cpu : picture.cpus) {
        cpu.record.user_ns += user_ns;
        cpu.record.system_ns += system_ns;
        cpu.user = cpu.system = 0;
    }
    for (TaskRow& task : picture.tasks) {
        task.process.times.runtime_ns += runtime_ns;
        task.share = 0;
    }
    return picture;
}

TEST(Rates, AreSharesOfTheTimeBetweenTwoLooks) {
    Rates rates;
    Picture picture = later(a_picture(), 0, 0, 0);
    rates.take(picture, 10 * SECOND);
    EXPECT_EQ(picture.cpus[0].user, 0);
    EXPECT_FALSE(picture.cpus[0].is_silent) << "one look says nothing";
    picture = later(picture, SECOND / 2, SECOND / 4, SECOND / 10);
    rates.take(picture, 11 * SECOND);
    EXPECT_DOUBLE_EQ(picture.cpus[0].user, 0.5);
    EXPECT_DOUBLE_EQ(picture.cpus[0].system, 0.25);
    EXPECT_DOUBLE_EQ(picture.tasks[0].share, 0.1);
}

TEST(Rates, AreOfNoLessThanHalfASecond) {
    Rates rates;
    Picture picture = later(a_picture(), 0, 0, 0);
    for (int i = 0; i <= 30; i++) {
        rates.take(picture, 10 * SECOND + static_cast<uint64_t>(i) * SECOND / 10);
        if (i >= 10) EXPECT_NEAR(picture.cpus[0].user, 0.5, 0.01) << i;
        picture = later(picture, SECOND / 20, 0, 0);
    }
}

TEST(Rates, OfAProcessAreNotItsPredecessorsWithTheSameNumber) {
    Rates rates;
    Picture picture = later(a_picture(), 0, 0, 0);
    rates.take(picture, 10 * SECOND);
    picture = later(picture, 0, 0, SECOND);
    picture.tasks[0].process.data.start_ns += 5;
    rates.take(picture, 11 * SECOND);
    EXPECT_EQ(picture.tasks[0].share, 0);
    EXPECT_DOUBLE_EQ(picture.tasks[1].share, 1);
}

TEST(Rates, SayOfWhichBusyCpuNoTimeIsCounted) {
    Rates rates;
    Picture picture = later(a_picture(), 0, 0, 0);
    rates.take(picture, 10 * SECOND);
    picture = later(picture, 0, 0, 0);
    rates.take(picture, 11 * SECOND);
    EXPECT_TRUE(picture.cpus[0].is_silent);
    EXPECT_FALSE(picture.cpus[1].is_silent) << "it is idle";
}

TEST(Rates, SeeTheClockStandStill) {
    Rates rates;
    Picture picture = a_picture();
    rates.take(picture, 10 * SECOND);
    rates.take(picture, 12 * SECOND);
    EXPECT_EQ(picture.life, console::Life::live);
    rates.take(picture, 15 * SECOND);
    EXPECT_EQ(picture.life, console::Life::still);
    EXPECT_DOUBLE_EQ(picture.still_seconds, 5);
    picture.machine.uptime_ns++;
    rates.take(picture, 16 * SECOND);
    EXPECT_EQ(picture.life, console::Life::live);
    picture.life = console::Life::dump;
    rates.take(picture, 60 * SECOND);
    EXPECT_EQ(picture.life, console::Life::dump) << "a dump has no clock";
}

TEST(Rates, CountHowLongATaskHasNotRun) {
    Rates rates;
    WaitRow wait;
    rates.take_wait(wait, 0x1000, 7, 10 * SECOND);
    EXPECT_EQ(wait.seconds, 0);
    rates.take_wait(wait, 0x1000, 7, 14 * SECOND);
    EXPECT_EQ(wait.seconds, 4);
    rates.take_wait(wait, 0x1000, 8, 15 * SECOND);
    EXPECT_EQ(wait.seconds, 0) << "it ran in between";
    rates.forget_waits(16 * SECOND);
    rates.take_wait(wait, 0x1000, 8, 17 * SECOND);
    EXPECT_EQ(wait.seconds, 0) << "it was not blocked in between";
}

}  // namespace
}  // namespace defib::boot::console
