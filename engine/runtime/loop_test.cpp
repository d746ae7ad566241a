// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/loop.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

constexpr uint64_t FIRST = 0x110000;
constexpr uint64_t STRIDE = 0x100;
constexpr uint64_t MS = 1000000;

struct Loop : ::testing::Test {
    // Objects that hold a number and a pointer to a second word.
    void make_objects(uint32_t count) {
        for (uint32_t i = 0; i < count; i++) {
            memory.write<uint64_t>(FIRST + i * STRIDE, 100 + i);
            memory.write<uint64_t>(FIRST + i * STRIDE + 8,
                                   SyntheticMemory::direct(FIRST + i * STRIDE));
        }
        collector = engine.add(DEFIB_ROUTINE_READS, [count](DefibContext& context, auto) {
            for (uint32_t i = 0; i < count; i++) {
                auto* record =
                    static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8));
                *record = SyntheticMemory::direct(FIRST + i * STRIDE);
            }
            return uint64_t{0};
        });
        item = engine.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, const uint64_t* to) {
            if (before_item) before_item(context);
            auto* record = static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_OWN, 8));
            const uint64_t second = defib_load(&context, to[0] + 8, 8);
            *record = defib_load(&context, second, 8);
            return uint64_t{0};
        });
    }

    const DefibAnswer& ask(const DefibView& view) {
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_VIEW;
        command.view = view;
        post(engine.mailbox(), command);
        EXPECT_FALSE(is_answered(engine.mailbox()));
        EXPECT_EQ(turn(engine.state(), 1), Turn::go_on);
        EXPECT_TRUE(is_answered(engine.mailbox()));
        return engine.mailbox().answer;
    }

    std::vector<DefibJournalEntry> journal() {
        std::vector<DefibJournalEntry> entries;
        DefibJournalEntry entry{};
        while (read_entry(engine.journal(), entries.size() + 1, entry)) entries.push_back(entry);
        return entries;
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
    uint32_t collector = 0;
    uint32_t item = 0;
    std::function<void(DefibContext&)> before_item;
    bool head_dies = false;
};

TEST_F(Loop, ShowsEveryObjectThatACollectorFinds) {
    make_objects(5);
    const DefibAnswer& answer = ask({collector, item, 0, 16});
    EXPECT_EQ(answer.objects, 5U);
    EXPECT_EQ(answer.torn, 0U);
    EXPECT_EQ(answer.incomplete, 0U);
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_OWN),
              (std::vector<uint64_t>{100, 101, 102, 103, 104}));
}

TEST_F(Loop, CountsATornObjectAndGoesOnWithTheRest) {
    make_objects(4);
    memory.write<uint64_t>(FIRST + STRIDE + 8, 0x6b6b6b6b6b6b6b6b);  // POISON_FREE
    const DefibAnswer& answer = ask({collector, item, 0, 16});
    EXPECT_EQ(answer.objects, 4U);
    EXPECT_EQ(answer.torn, 1U);
    EXPECT_EQ(answer.death, uint32_t{DEFIB_DEATH_ADDRESS});
    EXPECT_EQ(answer.death_address, 0x6b6b6b6b6b6b6b6bU);
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_OWN),
              (std::vector<uint64_t>{100, 102, 103}));
}

TEST_F(Loop, TakesASecondPictureOfAnObjectThatDied) {
    make_objects(1);
    memory.write<uint64_t>(FIRST + 8, 0x6b6b6b6b6b6b6b6b);
    uint32_t attempts = 0;
    before_item = [&](DefibContext&) {
        // After the first picture was taken the object becomes whole.
        if (attempts++ == 0) memory.write<uint64_t>(FIRST + 8, SyntheticMemory::direct(FIRST));
    };
    const DefibAnswer& answer = ask({collector, item, 0, 16});
    EXPECT_EQ(attempts, 2U);
    EXPECT_EQ(answer.torn, 0U);
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_OWN), std::vector<uint64_t>{100});
}

TEST_F(Loop, CollectsFromEveryHeadInTheirOrder) {
    make_objects(6);
    // Two heads; each leads to three objects.
    const uint32_t heads = engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, auto) {
        for (uint64_t head = 0; head < 2; head++) {
            *static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8)) = head;
        }
        return uint64_t{0};
    });
    const uint32_t from_head =
        engine.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, const uint64_t* to) {
            if (to[0] == 1 && head_dies) return defib_load(&context, 8, 8);
            for (uint64_t i = 0; i < 3; i++) {
                *static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8)) =
                    SyntheticMemory::direct(FIRST + (to[0] * 3 + i) * STRIDE);
            }
            return uint64_t{0};
        });
    engine.state().routines[from_head].collector = heads;
    const DefibAnswer all = ask({from_head, item, 0, 16});
    EXPECT_EQ(all.objects, 6U);
    EXPECT_EQ(all.incomplete, 0U);
    EXPECT_EQ(engine.words(all.records, DEFIB_RECORD_OWN),
              (std::vector<uint64_t>{100, 101, 102, 103, 104, 105}));

    // What one head leads to is lost with it, and the answer says so.
    head_dies = true;
    const DefibAnswer half = ask({from_head, item, 0, 16});
    EXPECT_EQ(half.objects, 3U);
    EXPECT_EQ(half.incomplete, 1U);
    EXPECT_EQ(half.death, uint32_t{DEFIB_DEATH_ADDRESS});
}

TEST_F(Loop, SaysThatACollectionIsIncomplete) {
    make_objects(2);
    const uint32_t dies = engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, auto) {
        auto* record = static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8));
        *record = SyntheticMemory::direct(FIRST);
        return defib_load(&context, 8, 8);
    });
    const DefibAnswer& answer = ask({dies, item, 0, 0});
    EXPECT_EQ(answer.incomplete, 1U);
    EXPECT_EQ(answer.death, uint32_t{DEFIB_DEATH_ADDRESS});
    EXPECT_EQ(answer.objects, 1U);
}

TEST_F(Loop, ReportsMoreObjectsThanThereIsRoomFor) {
    make_objects(1);
    const uint32_t many = engine.add(
        DEFIB_ROUTINE_READS,
        [](DefibContext& context, auto) {
            for (uint32_t i = 0; i < DEFIB_VIEW_OBJECTS + 5; i++) {
                auto* record =
                    static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_POINTER, 8));
                *record = SyntheticMemory::direct(FIRST);
            }
            return uint64_t{0};
        },
        1U << 30);
    const DefibAnswer& answer = ask({many, item, 0, 16});
    EXPECT_EQ(answer.objects, DEFIB_VIEW_OBJECTS);
    EXPECT_EQ(answer.incomplete, 1U);
    EXPECT_EQ(answer.records.count + answer.records.lost, DEFIB_VIEW_OBJECTS);
    EXPECT_EQ(journal().back().kind, uint32_t{DEFIB_JOURNAL_RECORDS_LOST});
}

TEST_F(Loop, RunsDetectorsAtTheirPeriodsAndJournalsWhatTheyFind) {
    uint32_t runs = 0;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_READS, [&](DefibContext& context, auto) {
        auto* record = static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_OWN + 1, 16));
        record[0] = ++runs;
        record[1] = 55;
        return uint64_t{0};
    });
    engine.state().detectors[0] = {routine, 0, 10 * MS, 0, {}, 0, 0};
    engine.state().detector_count = 1;
    start(engine.state(), 0);
    for (uint64_t ms = 0; ms < 30; ms++) turn(engine.state(), ms * MS);
    EXPECT_EQ(runs, 3U);
    EXPECT_EQ(engine.mailbox().heartbeat, 30U);
    const auto entries = journal();
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries[0].kind, uint32_t{DEFIB_JOURNAL_STARTED});
    EXPECT_EQ(entries[2].kind, uint32_t{DEFIB_JOURNAL_FINDING});
    EXPECT_EQ(entries[2].time_ns, 10 * MS);
    EXPECT_EQ(entries[2].values[0], uint64_t{DEFIB_RECORD_OWN} + 1);
    EXPECT_EQ(entries[2].values[1], 2U);
    EXPECT_EQ(entries[2].values[2], 55U);
}

TEST_F(Loop, RunsALateDetectorOnceAndSaysSo) {
    uint32_t runs = 0;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_READS, [&](DefibContext&, auto) {
        runs++;
        return uint64_t{0};
    });
    engine.state().detectors[0] = {routine, 0, MS, 0, {}, 0, 0};
    engine.state().detector_count = 1;
    start(engine.state(), 0);
    turn(engine.state(), 0);
    turn(engine.state(), 50 * MS);
    turn(engine.state(), 50 * MS + 1);
    EXPECT_EQ(runs, 2U);
    const auto entries = journal();
    EXPECT_EQ(entries.back().kind, uint32_t{DEFIB_JOURNAL_LATE});
    EXPECT_EQ(entries.back().values[0], 49 * MS);
}

TEST_F(Loop, JournalsADetectorsDeathAndKeepsItsFindingsOut) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_READS, [](DefibContext& context, auto) {
        defib_emit(&context, DEFIB_RECORD_OWN, 8);
        return defib_load(&context, 0x1000, 8);
    });
    engine.state().detectors[0] = {routine, 0, MS, 0, {}, 0, 0};
    engine.state().detector_count = 1;
    turn(engine.state(), 0);
    const auto entries = journal();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].kind, uint32_t{DEFIB_JOURNAL_DETECTOR_DIED});
    EXPECT_EQ(entries[0].values[0], uint64_t{DEFIB_DEATH_ADDRESS});
    EXPECT_EQ(entries[0].values[1], 0x1000U);
}

TEST_F(Loop, SaysOfARowOfDeathsThatTheyBegan) {
    bool is_readable = false;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_READS, [&](DefibContext& context, auto) {
        return is_readable ? uint64_t{0} : defib_load(&context, 0x1000, 8);
    });
    engine.state().detectors[0] = {routine, 0, MS, 0, {}, 0, 0};
    engine.state().detector_count = 1;
    for (uint64_t ms = 0; ms < 30; ms++) {
        is_readable = ms == 20;
        turn(engine.state(), ms * MS);
    }
    EXPECT_EQ(journal().size(), 2U);
}

TEST_F(Loop, StopsWhenTold) {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_STOP;
    post(engine.mailbox(), command);
    EXPECT_EQ(turn(engine.state(), 1), Turn::stop);
    EXPECT_TRUE(is_answered(engine.mailbox()));
}

TEST_F(Loop, RefusesACommandItDoesNotKnow) {
    DefibCommand command{};
    command.kind = 77;
    post(engine.mailbox(), command);
    EXPECT_EQ(turn(engine.state(), 1), Turn::go_on);
    EXPECT_EQ(engine.mailbox().answer.outcome, uint32_t{DEFIB_OUTCOME_REFUSED});
}

// Over a bus number, proof and content of an answer may arrive in any order.
TEST_F(Loop, HasAnsweredOnceEachWordOfTheAnswerIsThere) {
    DefibCommand command{};
    command.kind = 77;
    post(engine.mailbox(), command);
    turn(engine.state(), 1);
    ASSERT_TRUE(is_answered(engine.mailbox()));
    auto& bytes = reinterpret_cast<uint8_t(&)[sizeof(DefibAnswer)]>(engine.mailbox().answer);
    for (uint8_t& byte : bytes) {
        byte ^= 1;
        EXPECT_FALSE(is_answered(engine.mailbox()));
        byte ^= 1;
    }
    engine.mailbox().answer_proof ^= 1;
    EXPECT_FALSE(is_answered(engine.mailbox()));
}

TEST_F(Loop, DoesNotTakeTheLastAnswerForThisOne) {
    DefibCommand command{};
    command.kind = 77;
    post(engine.mailbox(), command);
    turn(engine.state(), 1);
    post(engine.mailbox(), command);
    engine.mailbox().done = engine.mailbox().posted;  // arrived before the rest
    EXPECT_FALSE(is_answered(engine.mailbox()));
    turn(engine.state(), 2);
    EXPECT_TRUE(is_answered(engine.mailbox()));
}

// Whoever speaks with it without a proof is read in order.
TEST_F(Loop, AnswersACommandWithoutAProof) {
    engine.mailbox().command = {};
    engine.mailbox().command.kind = 77;
    engine.mailbox().posted++;
    EXPECT_EQ(turn(engine.state(), 1), Turn::go_on);
    EXPECT_TRUE(is_answered(engine.mailbox()));
}

TEST(Journal, TellsASlowReaderWhatItMissed) {
    auto journal = std::make_unique<DefibJournal>();
    for (uint32_t i = 0; i < DEFIB_JOURNAL_ENTRIES + 10; i++) {
        append(*journal, i, DEFIB_JOURNAL_FINDING, i);
    }
    DefibJournalEntry entry{};
    ASSERT_TRUE(read_entry(*journal, 1, entry));
    EXPECT_EQ(entry.sequence, 11U);
    EXPECT_EQ(entry.subject, 10U);
    EXPECT_FALSE(read_entry(*journal, DEFIB_JOURNAL_ENTRIES + 11, entry));
}

}  // namespace
}  // namespace defib::runtime
