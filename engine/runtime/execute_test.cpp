// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A transient fault in the engine cannot reach the target: every bit of what one replica plans,
// reads and has left is flipped, one at a time, and memory must end as if nothing had happened;
// when all replicas are hit, nothing is written.
#include "engine/runtime/act.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

constexpr uint64_t OBJECT = 0x110000;
constexpr uint64_t SOURCE = 0x0123456789abcdef;

struct Replicated : ::testing::Test {
    // Reads a word and stores it twice: whole, and its low half with a bit set.
    uint64_t copy(DefibContext& context) {
        const uint64_t value = defib_load(&context, SyntheticMemory::direct(OBJECT), 8);
        auto* record = static_cast<uint64_t*>(defib_emit(&context, DEFIB_RECORD_OWN, 8));
        *record = value;
        defib_store(&context, SyntheticMemory::direct(OBJECT + 8), value, 8, 3);
        defib_store(&context, SyntheticMemory::direct(OBJECT + 16), (value | 1) & 0xffffffff, 4, 4);
        return 7;
    }

    void reset() {
        memory.write<uint64_t>(OBJECT, SOURCE);
        memory.write<uint64_t>(OBJECT + 8, 0);
        memory.write<uint64_t>(OBJECT + 16, 0);
        execution = 0;
        answer = {};
    }

    void expect_unharmed(const char* what, uint64_t bit) {
        EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED}) << what << " " << bit;
        EXPECT_EQ(memory.read<uint64_t>(OBJECT), SOURCE) << what << " " << bit;
        EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), SOURCE) << what << " " << bit;
        EXPECT_EQ(memory.read<uint64_t>(OBJECT + 16), 0x89abcdefU) << what << " " << bit;
    }

    void act_on(uint32_t routine) {
        const uint64_t arguments[DEFIB_ARGUMENTS] = {};
        act(engine.state(), routine, arguments, 1, answer);
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
    DefibAnswer answer{};
    uint32_t execution = 0;
};

TEST_F(Replicated, CommitsWhatTwoExecutionsAgreeOn) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        execution++;
        return copy(context);
    });
    reset();
    act_on(routine);
    expect_unharmed("nothing flipped", 0);
    EXPECT_EQ(execution, 2U);
    EXPECT_EQ(answer.result, 7U);
    EXPECT_EQ(engine.words(answer.records, DEFIB_RECORD_OWN), std::vector<uint64_t>{SOURCE});
}

TEST_F(Replicated, SurviveEachFlippedBitOfAPlan) {
    uint64_t flipped = 0;
    uint32_t victim = 0;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t result = copy(context);
        if (execution++ == victim) {
            reinterpret_cast<uint8_t*>(&context.plan)[flipped / 8] ^= 1U << (flipped % 8);
        }
        return result;
    });
    constexpr uint64_t BITS = 8 * (offsetof(DefibPlan, stores) + 3 * sizeof(DefibStore));
    for (victim = 0; victim < 2; victim++) {
        for (flipped = 0; flipped < BITS; flipped++) {
            reset();
            act_on(routine);
            expect_unharmed("plan bit", flipped);
        }
    }
}

TEST_F(Replicated, SurviveEachFlippedBitOfALoad) {
    uint64_t flipped = 0;
    uint32_t victim = 0;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const bool is_hit = execution++ == victim;
        if (is_hit) memory.write<uint64_t>(OBJECT, SOURCE ^ uint64_t{1} << flipped);
        const uint64_t result = copy(context);
        memory.write<uint64_t>(OBJECT, SOURCE);
        return result;
    });
    for (victim = 0; victim < 2; victim++) {
        for (flipped = 0; flipped < 64; flipped++) {
            reset();
            act_on(routine);
            expect_unharmed("load bit", flipped);
            EXPECT_EQ(execution, 3U);
        }
    }
}

TEST_F(Replicated, SurviveEachFlippedBitOfTheFuel) {
    uint64_t flipped = 0;
    uint32_t victim = 0;
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        // Before the work: too little fuel kills the replica, too much must not pass either.
        if (execution++ == victim) context.fuel ^= uint64_t{1} << flipped;
        return copy(context);
    });
    for (victim = 0; victim < 2; victim++) {
        for (flipped = 0; flipped < 64; flipped++) {
            reset();
            act_on(routine);
            expect_unharmed("fuel bit", flipped);
            EXPECT_EQ(execution, 3U);
        }
    }
}

TEST_F(Replicated, WriteNothingWhenNoTwoAgree) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t result = copy(context);
        context.plan.stores[0].new_value += execution++;
        return result;
    });
    reset();
    act_on(routine);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DISAGREED});
    EXPECT_EQ(execution, 24U);  // what a CPU had changed would agree at the next attempt
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0U);
}

TEST_F(Replicated, WriteNothingWhenBothDieAlike) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t result = copy(context);
        defib_die(&context, DEFIB_DEATH_OWN + 9);
        return result;
    });
    reset();
    act_on(routine);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DIED});
    EXPECT_EQ(answer.death, uint32_t{DEFIB_DEATH_OWN} + 9);
    EXPECT_EQ(answer.result, 0U);
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0U);
}

TEST_F(Replicated, NeverStoreForARoutineThatOnlyReads) {
    const uint32_t routine =
        engine.add(DEFIB_ROUTINE_READS, [&](DefibContext& context, auto) { return copy(context); });
    reset();
    act_on(routine);
    EXPECT_EQ(answer.death, uint32_t{DEFIB_DEATH_STORE_DENIED});
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0U);
}

TEST_F(Replicated, LeaveTheUndoInTheJournal) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES,
                                        [&](DefibContext& context, auto) { return copy(context); });
    reset();
    memory.write<uint64_t>(OBJECT + 8, 42);
    act_on(routine);
    DefibJournalEntry entry{};
    ASSERT_TRUE(read_entry(engine.journal(), 1, entry));
    EXPECT_EQ(entry.kind, uint32_t{DEFIB_JOURNAL_STORED});
    EXPECT_EQ(entry.subject, 3U);
    EXPECT_EQ(entry.values[0], SyntheticMemory::direct(OBJECT + 8));
    EXPECT_EQ(entry.values[1], 42U);
    EXPECT_EQ(entry.values[2], SOURCE);
    ASSERT_TRUE(read_entry(engine.journal(), 2, entry));
    EXPECT_EQ(entry.kind, uint32_t{DEFIB_JOURNAL_STORED_AT});
    EXPECT_EQ(entry.subject, 3U);
    EXPECT_EQ(entry.values[0], OBJECT + 8);
    EXPECT_EQ(entry.values[1], 0U);
    EXPECT_EQ(entry.values[2], 0U);
    EXPECT_EQ(entry.values[3], 8U);
    ASSERT_TRUE(read_entry(engine.journal(), 5, entry));
    EXPECT_EQ(entry.kind, uint32_t{DEFIB_JOURNAL_EXECUTED});
    EXPECT_EQ(entry.values[0], uint64_t{DEFIB_OUTCOME_COMMITTED});
}

TEST_F(Replicated, TellWhichStoresWereWholeAndWhichBytesWereWritten) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t place = SyntheticMemory::direct(OBJECT + 8);
        defib_store(&context, place, 0x4200, 8, 5);
        defib_store(&context, place + 8, 0x4200, 8, 6 | DEFIB_STORE_WHOLE);
        return uint64_t{0};
    });
    reset();
    act_on(routine);
    DefibJournalEntry narrowed{};
    DefibJournalEntry whole{};
    ASSERT_TRUE(read_entry(engine.journal(), 2, narrowed));
    ASSERT_TRUE(read_entry(engine.journal(), 4, whole));
    EXPECT_EQ(narrowed.values[2], 1U);
    EXPECT_EQ(narrowed.values[3], 1U);
    EXPECT_EQ(whole.subject, 6U);
    EXPECT_EQ(whole.values[0], OBJECT + 16);
    EXPECT_EQ(whole.values[1], uint64_t{DEFIB_STORE_WHOLE});
    EXPECT_EQ(whole.values[3], 8U);
}

// Both replicas plan a second store to the first one's place, whose old value the first takes away.
TEST_F(Replicated, TakeBackHalfARepair) {
    const uint32_t routine = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext& context, auto) {
        const uint64_t result = copy(context);
        context.plan.stores[1] = context.plan.stores[0];
        context.plan.stores[1].new_value = 1;
        return result;
    });
    reset();
    act_on(routine);
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_STALE});
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0U);
    DefibJournalEntry entry{};
    ASSERT_TRUE(read_entry(engine.journal(), 3, entry));
    EXPECT_EQ(entry.kind, uint32_t{DEFIB_JOURNAL_TAKEN_BACK});
    EXPECT_EQ(entry.subject, routine);
    EXPECT_EQ(entry.values[0], 1U);
    EXPECT_EQ(entry.values[1], 0U);
}

TEST_F(Replicated, AreRefusedForARoutineThatIsOff) {
    const uint32_t routine =
        engine.add(DEFIB_ROUTINE_OFF, [&](DefibContext& context, auto) { return copy(context); });
    reset();
    for (const uint32_t number : {routine, 200U, DEFIB_VIEW_ONCE}) {
        act_on(number);
        EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_REFUSED});
    }
    EXPECT_EQ(memory.read<uint64_t>(OBJECT + 8), 0U);
}

}  // namespace
}  // namespace defib::runtime
