// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The power goes at every single write and flush of an update, and of the start after it, and the
// disk loses of what was not flushed whatever disks lose. (The idea is that of MCUboot's simulator:
// count the operations of a run that is not interrupted, then interrupt it at each.)
#include <gtest/gtest.h>

#include <tuple>

#include "boot/slots/simulated_storage.h"
#include "boot/slots/slots.h"
#include "signing/testing.h"

namespace defib::boot {
namespace {

using testing::Loss;
using testing::SimulatedStorage;

// Large enough for several writes of an image: slots write 64 KiB at a time.
constexpr uint64_t SLOT_BYTES = 512 * SECTOR_BYTES;
constexpr uint64_t DISK_BYTES = RECORD_AREA_BYTES + SLOTS * SLOT_BYTES;

const std::string OLD_IMAGE(200'000, 'o');
const std::string NEW_IMAGE(230'001, 'n');

// Stands for verify(): takes these two images whole, and nothing else.
Result<void> judge(const std::string& image) {
    if (image == OLD_IMAGE || image == NEW_IMAGE) return {};
    return fail(DEFIB_ERROR_IMAGE_MIXED_PARTS, "image");
}

Result<void> update(SimulatedStorage& disk) {
    auto slots = Slots::open(disk);
    if (!slots) return std::unexpected(slots.error());
    if (auto ok = slots->install(as_bytes(NEW_IMAGE), judge); !ok) return ok;
    const auto choice = slots->choose(judge);
    if (!choice) return std::unexpected(choice.error());
    return slots->confirm(choice->slot);
}

Result<std::string> start(SimulatedStorage& disk) {
    auto slots = Slots::open(disk);
    if (!slots) return std::unexpected(slots.error());
    auto choice = slots->choose(judge);
    if (!choice) return std::unexpected(choice.error());
    return std::move(choice->image);
}

// A machine that runs the old image. `turns` moves the records through the ring, so that the
// interrupted ones lie elsewhere each time, its end included.
SimulatedStorage healthy_machine(size_t turns) {
    SimulatedStorage disk(DISK_BYTES);
    const auto run = [&] {
        auto slots = Slots::open(disk);
        EXPECT_TRUE(slots->install(as_bytes(OLD_IMAGE), judge));
        EXPECT_TRUE(slots->confirm(slots->choose(judge)->slot));
    };
    for (size_t i = 0; i <= turns; ++i) run();
    disk.power_cycle(Loss::none);
    return disk;
}

size_t operations_of_update(SimulatedStorage disk) {
    EXPECT_TRUE(update(disk));
    return disk.operations();
}

// After any interruption: something starts, it is whole, the update can be done again, and then the
// new image runs.
void expect_recovers(SimulatedStorage disk) {
    const auto started = start(disk);
    ASSERT_DONE(started);
    ASSERT_TRUE(*started == OLD_IMAGE || *started == NEW_IMAGE);
    disk.power_cycle(Loss::none);
    ASSERT_DONE(start(disk));
    ASSERT_DONE(update(disk));
    disk.power_cycle(Loss::all);
    const auto finally = start(disk);
    ASSERT_DONE(finally);
    EXPECT_EQ(*finally, NEW_IMAGE);
}

class Interrupted : public ::testing::TestWithParam<Loss> {};

TEST_P(Interrupted, UpdateLeavesABootableSlotAtEveryWrite) {
    for (const size_t turns : {0U, 20U}) {
        const SimulatedStorage machine = healthy_machine(turns);
        const size_t operations = operations_of_update(machine);
        ASSERT_GT(operations, 10U);
        for (size_t i = 1; i <= operations; ++i) {
            SCOPED_TRACE("operation " + std::to_string(i) + " after " + std::to_string(turns));
            SimulatedStorage disk = machine;
            disk.cut_at(i);
            ASSERT_FALSE(update(disk));
            ASSERT_TRUE(disk.was_cut());
            disk.power_cycle(GetParam());
            expect_recovers(disk);
        }
    }
}

TEST_P(Interrupted, StartAfterAnInterruptedUpdateCanBeInterruptedAgain) {
    const SimulatedStorage machine = healthy_machine(0);
    const size_t operations = operations_of_update(machine);
    for (size_t i = 1; i <= operations; ++i) {
        SimulatedStorage once = machine;
        once.cut_at(i);
        ASSERT_FALSE(update(once));
        once.power_cycle(GetParam());
        for (size_t j = 1; j <= 4; ++j) {
            SCOPED_TRACE("operation " + std::to_string(i) + ", then " + std::to_string(j));
            SimulatedStorage twice = once;
            twice.cut_at(j);
            std::ignore = start(twice);
            twice.power_cycle(GetParam());
            expect_recovers(twice);
        }
    }
}

TEST_P(Interrupted, TrialIsStillATrialAfterItsRecordWasLost) {
    // Cut off while "trying" is written: nothing was started yet, so either it is tried at the next
    // start, or it counts as tried. It is never started twice.
    SimulatedStorage machine = healthy_machine(0);
    ASSERT_DONE(Slots::open(machine)->install(as_bytes(NEW_IMAGE), judge));
    machine.power_cycle(Loss::none);
    for (size_t i = 1; i <= 2; ++i) {
        SimulatedStorage disk = machine;
        disk.cut_at(i);
        std::ignore = start(disk);
        disk.power_cycle(GetParam());
        int trials = 0;
        for (int starts = 0; starts < 4; ++starts) {
            const auto image = start(disk);
            ASSERT_DONE(image);
            if (*image == NEW_IMAGE) ++trials;
            disk.power_cycle(Loss::all);
        }
        EXPECT_LE(trials, 1);
    }
}

INSTANTIATE_TEST_SUITE_P(EachLoss, Interrupted, ::testing::ValuesIn(testing::LOSSES));

}  // namespace
}  // namespace defib::boot
