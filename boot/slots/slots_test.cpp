// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/slots/slots.h"

#include <gtest/gtest.h>

#include "boot/slots/simulated_storage.h"
#include "signing/testing.h"

namespace defib::boot {
namespace {

using testing::SimulatedStorage;

constexpr uint64_t SLOT_BYTES = 16 * SECTOR_BYTES;
constexpr uint64_t DISK_BYTES = RECORD_AREA_BYTES + SLOTS * SLOT_BYTES;

std::string image(const std::string& name) {
    std::string out = name + ":";
    while (out.size() < 5000) out += name;
    return out;
}

Result<void> anything_goes(const std::string&) {
    return {};
}

class TwoSlots : public ::testing::Test {
  protected:
    SimulatedStorage disk_{DISK_BYTES};

    Slots slots() {
        disk_.power_cycle(testing::Loss::all);
        return *Slots::open(disk_);
    }
    void install(const std::string& name) {
        ASSERT_DONE(slots().install(as_bytes(image(name)), anything_goes));
    }
    // One start of the machine; what it started, and whether that was a trial.
    std::string start(const Slots::Judge& judge = anything_goes) {
        const auto choice = slots().choose(judge);
        if (!choice) return to_line(choice.error());
        return choice->image.substr(0, choice->image.find(':')) +
               (choice->is_trial ? " on trial" : "");
    }
    void start_and_confirm() {
        Slots now = slots();
        const auto choice = now.choose(anything_goes);
        ASSERT_DONE(choice);
        ASSERT_DONE(now.confirm(choice->slot));
    }
};

TEST_F(TwoSlots, HaveNothingToStartAtFirst) {
    EXPECT_REFUSED(slots().choose(anything_goes), SLOTS_NOTHING_BOOTABLE);
}

TEST_F(TwoSlots, TryAnImageOnceAndKeepItWhenItIsHealthy) {
    install("one");
    start_and_confirm();
    EXPECT_EQ(start(), "one");
    EXPECT_EQ(start(), "one");
}

TEST_F(TwoSlots, FallBackWhenTheNewImageIsNotFoundHealthy) {
    install("one");
    start_and_confirm();
    install("two");
    EXPECT_EQ(start(), "two on trial");
    EXPECT_EQ(start(), "one");
    EXPECT_EQ(start(), "one");
    install("three");
    EXPECT_EQ(start(), "three on trial");
}

TEST_F(TwoSlots, DoNotTryAgainWhatIsTheirOnlyImage) {
    install("one");
    EXPECT_EQ(start(), "one on trial");
    EXPECT_REFUSED(slots().choose(anything_goes), SLOTS_NOTHING_BOOTABLE);
}

TEST_F(TwoSlots, NeverWriteOverTheHealthyImage) {
    install("one");
    start_and_confirm();
    for (const char* name : {"two", "three", "four"}) {
        install(name);
        EXPECT_EQ(start(), std::string(name) + " on trial");
        EXPECT_EQ(start(), "one");
    }
    install("five");
    install("six");
    start_and_confirm();
    EXPECT_EQ(start(), "six");
}

TEST_F(TwoSlots, TakeNoImageWhileOneIsBeingTried) {
    install("one");
    start_and_confirm();
    install("two");
    Slots now = slots();
    const auto choice = now.choose(anything_goes);
    ASSERT_DONE(choice);
    EXPECT_REFUSED(now.install(as_bytes(image("three")), anything_goes), SLOTS_BUSY);
    ASSERT_DONE(now.confirm(choice->slot));
    EXPECT_TRUE(now.install(as_bytes(image("three")), anything_goes));
}

TEST_F(TwoSlots, ConfirmOnlyWhatWasStarted) {
    install("one");
    Slots now = slots();
    EXPECT_REFUSED(now.confirm(0), SLOTS_BUSY);
    EXPECT_REFUSED(now.confirm(1), SLOTS_BUSY);
    EXPECT_REFUSED(now.confirm(7), SLOTS_BUSY);
}

TEST_F(TwoSlots, StartTheOtherImageWhenOneIsDamagedOrRefused) {
    install("one");
    start_and_confirm();
    install("two");
    start_and_confirm();
    const auto no_two = [](const std::string& content) -> Result<void> {
        if (content.starts_with("two")) return fail(DEFIB_ERROR_SIGNING_KEY_REVOKED, "image");
        return {};
    };
    EXPECT_EQ(start(no_two), "one");
    EXPECT_EQ(start(), "two");
    const uint32_t slot = slots().record().preferred;
    disk_.damage(RECORD_AREA_BYTES + slot * SLOT_BYTES + 4321);
    EXPECT_EQ(start(), "one");
}

TEST_F(TwoSlots, RefuseAnImageThatMayNotStartBeforeTheyWriteAnything) {
    const auto refuse = [](const std::string&) -> Result<void> {
        return fail(DEFIB_ERROR_SIGNING_UNSIGNED, "image");
    };
    EXPECT_REFUSED(slots().install(as_bytes(image("one")), refuse), SIGNING_UNSIGNED);
    EXPECT_TRUE(disk_.writes_per_sector().empty());
    EXPECT_REFUSED(slots().install(as_bytes(std::string(SLOT_BYTES + 1, 'x')), anything_goes),
                   SLOTS_TOO_LARGE);
}

TEST_F(TwoSlots, WearTheirRecordsEvenly) {
    for (int i = 0; i < 100; ++i) {
        install(i % 2 == 0 ? "one" : "two");
        start_and_confirm();
    }
    size_t most = 0;
    size_t total = 0;
    for (const auto& [sector, count] : disk_.writes_per_sector()) {
        if (sector >= RECORD_SECTORS) continue;
        most = std::max(most, count);
        total += count;
    }
    EXPECT_LE(most, total / RECORD_SECTORS + 1);
}

TEST_F(TwoSlots, PassOverSectorsThatTakeNoRecords) {
    install("one");
    start_and_confirm();
    for (uint64_t sector = 0; sector < RECORD_SECTORS; ++sector) {
        // All but every seventh; the record in force may lie in a worn one and stays readable.
        if (sector % 7 != 0) disk_.wear_out(sector);
    }
    install("two");
    EXPECT_EQ(start(), "two on trial");
    EXPECT_EQ(start(), "one");
}

TEST_F(TwoSlots, StartNoTrialThatTheyCannotCount) {
    install("one");
    start_and_confirm();
    install("two");
    for (uint64_t sector = 0; sector < RECORD_SECTORS; ++sector) disk_.wear_out(sector);
    EXPECT_EQ(start(), "one");
    EXPECT_REFUSED(slots().install(as_bytes(image("three")), anything_goes), SLOTS_STORAGE);
    EXPECT_EQ(start(), "one");
}

TEST_F(TwoSlots, ReportASlotThatDoesNotKeepWhatIsWritten) {
    install("one");
    start_and_confirm();
    const uint32_t spare = 1 - slots().record().preferred;
    disk_.wear_out((RECORD_AREA_BYTES + spare * SLOT_BYTES) / SECTOR_BYTES + 3);
    EXPECT_REFUSED(slots().install(as_bytes(image("two")), anything_goes), SLOTS_STORAGE);
    EXPECT_EQ(start(), "one");
}

TEST(SlotsFile, IsAllocatedKeptAndForOneProcess) {
    const signing::testing::Folder folder;
    const auto path = folder / "slots";
    EXPECT_REFUSED(open_storage(path), SLOTS_STORAGE);
    ASSERT_DONE(create_storage(path, DISK_BYTES));
    {
        const auto storage = open_storage(path);
        ASSERT_DONE(storage);
        EXPECT_REFUSED(open_storage(path), SLOTS_BUSY);
        auto slots = Slots::open(**storage);
        ASSERT_DONE(slots);
        EXPECT_EQ(slots->slot_bytes(), SLOT_BYTES);
        ASSERT_DONE(slots->install(as_bytes(image("one")), anything_goes));
    }
    ASSERT_DONE(create_storage(path, DISK_BYTES));
    const auto storage = open_storage(path);
    const auto choice = Slots::open(**storage)->choose(anything_goes);
    ASSERT_DONE(choice);
    EXPECT_EQ(choice->image, image("one"));
    ASSERT_DONE(create_storage(folder / "tiny", 100));
    EXPECT_REFUSED(Slots::open(**open_storage(folder / "tiny")), SLOTS_STORAGE);
}

}  // namespace
}  // namespace defib::boot
