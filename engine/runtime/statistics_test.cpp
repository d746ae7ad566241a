// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/statistics.h"

#include <gtest/gtest.h>

#include <memory>

#include "engine/runtime/journal.h"
#include "engine/runtime/testing/synthetic_memory.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;

TEST(Statistics, ABucketHoldsWhatLiesBetweenItsLeastAndTheNextOnes) {
    for (uint64_t ticks = 0; ticks < 100'000; ticks++) {
        const uint32_t bucket = bucket_of(ticks);
        ASSERT_LE(least_of_bucket(bucket), ticks);
        ASSERT_GT(least_of_bucket(bucket + 1), ticks);
    }
    EXPECT_EQ(bucket_of(~uint64_t{0}), DEFIB_TIME_BUCKETS - 1);
}

TEST(Statistics, CountTotalAndMost) {
    DefibTimes times{};
    for (const uint64_t ticks : {5U, 500U, 50U}) count_time(times, ticks);
    EXPECT_EQ(times.count, 3U);
    EXPECT_EQ(times.total, 555U);
    EXPECT_EQ(times.most, 500U);
}

// A GPU's journal, and the copy of it that others see.
TEST(PublishedJournal, IsWhatTheEngineWrote) {
    const auto engine = std::make_unique<DefibEngine>();
    const auto own = std::make_unique<DefibJournal>();
    const auto seen = std::make_unique<DefibJournal>();
    engine->journal = own.get();
    engine->published = seen.get();
    DefibJournalEntry entry{};
    for (uint32_t i = 1; i <= 3; i++)
        append(*own, uint64_t{10} * i, DEFIB_JOURNAL_EXECUTED, i, {i, 0, 0, 0});
    EXPECT_FALSE(read_entry(*seen, 1, entry));
    publish(*engine, Publish::what_is_much);
    EXPECT_FALSE(read_entry(*seen, 1, entry));
    publish(*engine, Publish::all);
    for (uint32_t i = 1; i <= 3; i++) {
        ASSERT_TRUE(read_entry(*seen, i, entry));
        EXPECT_EQ(entry.sequence, i);
        EXPECT_EQ(entry.time_ns, 10U * i);
        EXPECT_EQ(entry.subject, i);
    }
    // More than the ring holds at once: the newest are there.
    for (uint32_t i = 0; i < 2 * DEFIB_JOURNAL_ENTRIES; i++) {
        append(*own, i, DEFIB_JOURNAL_EXECUTED, i);
    }
    publish(*engine, Publish::what_is_much);
    ASSERT_TRUE(read_entry(*seen, own->written, entry));
    EXPECT_EQ(entry.subject, 2U * DEFIB_JOURNAL_ENTRIES - 1);
    ASSERT_TRUE(read_entry(*seen, 1, entry));
    EXPECT_EQ(entry.sequence, own->written - DEFIB_JOURNAL_ENTRIES + 1);
}

// Prepared or not, an address is at the same place, or nowhere.
TEST(PreparedTarget, TranslatesAsAnUnpreparedOne) {
    SyntheticMemory memory;
    const auto slow = std::make_unique<DefibTarget>(memory.target());
    slow->stretch_count = 0;
    ASSERT_GT(memory.target().stretch_count, 0U);
    DefibCache cache{};
    const auto expect_same = [&](uint64_t address, uint64_t size) {
        const Place one = translate(memory.target(), cache, address, size);
        const Place other = translate(*slow, cache, address, size);
        EXPECT_EQ(one.death, other.death) << std::hex << address;
        EXPECT_EQ(one.physical, other.physical) << std::hex << address;
        EXPECT_EQ(one.backend, other.backend) << std::hex << address;
    };
    for (const uint64_t base :
         {SyntheticMemory::DIRECT_MAP, SyntheticMemory::IMAGE,
          SyntheticMemory::direct(SyntheticMemory::LOW_SIZE),
          SyntheticMemory::direct(SyntheticMemory::HIGH_START),
          SyntheticMemory::direct(SyntheticMemory::HIGH_START + SyntheticMemory::HIGH_SIZE),
          SyntheticMemory::IMAGE + SyntheticMemory::IMAGE_SIZE, uint64_t{0}}) {
        for (const int64_t offset : {-4096, -9, -8, -4, -1, 0, 1, 8, 4088, 4095}) {
            for (const uint64_t size : {1U, 8U, 256U}) {
                expect_same(base + static_cast<uint64_t>(offset), size);
            }
        }
    }
}

}  // namespace
}  // namespace defib::runtime
