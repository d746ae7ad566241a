// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "boot/salvage/user_pages_x86_64.h"
#include "engine/runtime/testing/synthetic_memory.h"

namespace defib::boot {
namespace {

using testing::SyntheticMemory;

constexpr uint64_t PAGE = 4096;
constexpr uint64_t LARGE = uint64_t{2} << 20;
constexpr uint64_t HERE = 0x7f0000000000;
constexpr uint64_t SWAPPED = uint64_t{1} << 62;  // an entry that is neither present nor empty
constexpr uint64_t WITHOUT_RIGHTS = 1U << 8;

struct Seen {
    uint64_t first;
    uint64_t end;
    PageState state;
    friend bool operator==(const Seen&, const Seen&) = default;
};

class UserPagesTest : public ::testing::Test {
  protected:
    UserPages pages() {
        DefibTarget& target = memory_.target();
        return {target.window, target.map, target.map.page_table};
    }
    // The place of the lowest entry for an address that is mapped.
    uint64_t entry_at(uint64_t address) {
        uint64_t table = memory_.target().map.page_table;
        for (int shift = 39; shift > 12; shift -= 9)
            table = memory_.read<uint64_t>(table + (address >> shift & 511) * 8) & ~0xfffULL;
        return table + (address >> 12 & 511) * 8;
    }
    std::vector<Seen> walk(uint64_t first, uint64_t end) {
        std::vector<Seen> seen;
        UserPages all = pages();
        const auto done = all.walk(first, end, [&](const UserStretch& one) -> Result<void> {
            const bool goes_on = !seen.empty() && seen.back().state == one.state;
            if (goes_on)
                seen.back().end = one.end;
            else
                seen.push_back({one.first, one.end, one.state});
            if (one.state == PageState::present)
                text_ += as_text(one.bytes);
            else
                EXPECT_TRUE(one.bytes.empty());
            return {};
        });
        EXPECT_TRUE(done) << to_line(done.error());
        return seen;
    }

    SyntheticMemory memory_;
    std::string text_;
};

TEST_F(UserPagesTest, AreCopiedAndHolesAreNamed) {
    memory_.map(HERE, 0x300000, 12);
    memory_.map(HERE + 2 * PAGE, 0x200000, 12);
    memory_.write<uint64_t>(0x300000, 0x1111);
    memory_.write<uint64_t>(0x200000, 0x2222);
    EXPECT_EQ(walk(HERE - LARGE, HERE + 4 * PAGE),
              (std::vector<Seen>{{HERE - LARGE, HERE, PageState::untouched},
                                 {HERE, HERE + PAGE, PageState::present},
                                 {HERE + PAGE, HERE + 2 * PAGE, PageState::untouched},
                                 {HERE + 2 * PAGE, HERE + 3 * PAGE, PageState::present},
                                 {HERE + 3 * PAGE, HERE + 4 * PAGE, PageState::untouched}}));
    ASSERT_EQ(text_.size(), 2 * PAGE);
    EXPECT_EQ(text_[0], '\x11');
    EXPECT_EQ(text_[PAGE], '\x22');
}

TEST_F(UserPagesTest, OfALargePageArePagesOfIt) {
    memory_.map(HERE, 0x200000, 21);
    for (uint64_t at = 0; at < LARGE; at += PAGE) memory_.write<uint64_t>(0x200000 + at, at);
    EXPECT_EQ(walk(HERE + PAGE, HERE + LARGE),
              (std::vector<Seen>{{HERE + PAGE, HERE + LARGE, PageState::present}}));
    uint64_t word = 0;
    std::copy_n(text_.data() + 5 * PAGE, sizeof word, reinterpret_cast<char*>(&word));
    EXPECT_EQ(word, 6 * PAGE);
}

TEST_F(UserPagesTest, InTheSwapOrOutsideOfRamAreNamed) {
    for (uint64_t i = 0; i < 4; i++) memory_.map(HERE + i * PAGE, 0x300000 + i * PAGE, 12);
    memory_.write(entry_at(HERE + PAGE), SWAPPED);
    memory_.write(entry_at(HERE + 2 * PAGE), uint64_t{0x7000000000} | 7);
    EXPECT_EQ(walk(HERE, HERE + 4 * PAGE),
              (std::vector<Seen>{{HERE, HERE + PAGE, PageState::present},
                                 {HERE + PAGE, HERE + 2 * PAGE, PageState::swapped},
                                 {HERE + 2 * PAGE, HERE + 3 * PAGE, PageState::outside},
                                 {HERE + 3 * PAGE, HERE + 4 * PAGE, PageState::present}}));
}

// Its address stands inverted (__pte_needs_invert()).
TEST_F(UserPagesTest, WithoutAnyRightsAreThereAllTheSame) {
    memory_.map(HERE, 0x300000, 12);
    memory_.write<uint64_t>(0x300000, 0x33);
    memory_.write(entry_at(HERE), (~uint64_t{0x300000} & 0x000ffffffffff000) | WITHOUT_RIGHTS);
    EXPECT_EQ(walk(HERE, HERE + PAGE),
              (std::vector<Seen>{{HERE, HERE + PAGE, PageState::present}}));
    EXPECT_EQ(text_[0], '\x33');
}

TEST_F(UserPagesTest, AreReadAcrossPages) {
    memory_.map(HERE, 0x300000, 12);
    memory_.map(HERE + PAGE, 0x200000, 12);
    std::fill_n(memory_.at(0x300000), PAGE, 'a');
    std::fill_n(memory_.at(0x200000), PAGE, 'b');
    EXPECT_EQ(pages().read(HERE + PAGE - 2, 4), "aabb");
    EXPECT_EQ(pages().read(HERE + 2 * PAGE - 2, 4), "bb") << "the rest is not there";
}

TEST_F(UserPagesTest, OfTablesThatLeadToThemselvesComeToAnEnd) {
    const uint64_t top = memory_.target().map.page_table;
    for (uint64_t i = 0; i < 512; i++) memory_.write(top + i * 8, top | 7);
    UserPages all = pages();
    uint64_t taken = 0;
    const auto done = all.walk(0, all.end_of_addresses(), [&](const UserStretch& one) {
        taken += one.bytes.size();
        return Result<void>();
    });
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().detail.contains("more memory than the machine has"));
    EXPECT_LT(taken, uint64_t{64} << 20) << "a few times what there is";
}

TEST_F(UserPagesTest, WhereNoneCanBeAreRefused) {
    UserPages all = pages();
    const auto nothing = [](const UserStretch&) { return Result<void>(); };
    EXPECT_FALSE(all.walk(PAGE, 0, nothing));
    EXPECT_FALSE(all.walk(0, PAGE + 1, nothing));
    EXPECT_FALSE(all.walk(0, uint64_t{1} << 48, nothing));
}

}  // namespace
}  // namespace defib::boot
