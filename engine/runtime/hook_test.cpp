// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine asks the hook where it is there, and only there; and what became of each request,
// whatever the other side does. Against the module in a real kernel: tests/hook.
#include "engine/runtime/hook.h"

#include <gtest/gtest.h>

#include "engine/abi/calls.h"
#include "engine/runtime/act.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/testing/test_routines.h"

namespace defib::runtime {
namespace {

using testing::SyntheticMemory;
using testing::TestEngine;

constexpr uint64_t RING = 0x120000;
constexpr uint64_t OBJECT = 0x110000;
constexpr uint64_t LOAD = 0x5eed;
constexpr uint64_t MS = 1000000;

struct AskedHook : ::testing::Test {
    AskedHook() {
        DefibHookHeader& header = at<DefibHookHeader>(0);
        header = {};
        std::memcpy(header.magic, DEFIB_HOOK_MAGIC, sizeof header.magic);
        header.version = DEFIB_HOOK_VERSION;
        header.physical = RING;
        header.load = LOAD;
        header.cpus = 2;
        header.slots = DEFIB_HOOK_SLOTS;
        header.engine_at = 256;
        header.beats_at = 384;
        header.requests_at = 640;
        header.answers_at = header.requests_at + DEFIB_HOOK_SLOTS * sizeof(DefibHookRequest);
        header.bytes = header.answers_at + DEFIB_HOOK_SLOTS * sizeof(DefibHookAnswer);
        header.sum = defib_hook_description_sum(&header);
        header.state = DEFIB_HOOK_STATE_SERVING;

        routine = engine.add(DEFIB_ROUTINE_STORES, [this](DefibContext& context, auto) {
            by_memory++;
            defib_store(&context, SyntheticMemory::direct(OBJECT), 1, 8, 5);
            return 0;
        });
        asking = engine.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, auto given) {
            if (death != 0) defib_die(&context, death);
            for (uint64_t i = 0; i < wanted; i++) {
                auto* ask = static_cast<DefibAskRecord*>(
                    defib_emit(&context, DEFIB_RECORD_ASK, sizeof(DefibAskRecord)));
                *ask = {kind, DEFIB_HOOK_ANY_CPU, {given[0], i, 0, 0}};
            }
            return 0;
        });
        line().hook = asking + 1;
    }

    template <class T>
    T& at(uint64_t offset) {
        return *reinterpret_cast<T*>(memory.at(RING + offset));
    }
    DefibHookHeader& header() { return at<DefibHookHeader>(0); }
    uint64_t attached() { return at<DefibHookEngine>(header().engine_at).attached; }
    DefibHookRequest& request(uint32_t slot) {
        return at<DefibHookRequest>(header().requests_at + slot * sizeof(DefibHookRequest));
    }
    DefibHookAnswer& answer_in(uint32_t slot) {
        return at<DefibHookAnswer>(header().answers_at + slot * sizeof(DefibHookAnswer));
    }
    DefibRoutine& line() { return engine.state().routines[routine]; }

    void show_ring() { ASSERT_TRUE(use_hook(engine.state(), RING, now)); }
    void act_now() {
        act(engine.state(), routine, arguments, now, answer);
        pass_ms(1);
    }
    void pass_ms(uint64_t count) {
        now += count * MS;
        poll_hook(engine.state(), now);
    }
    // What the module would do with each request that is well-formed.
    unsigned serve(uint32_t status = DEFIB_HOOK_STATUS_DONE) {
        unsigned served = 0;
        for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
            if (request(slot).sequence == answer_in(slot).sequence) continue;
            EXPECT_EQ(request(slot).sum, defib_hook_request_sum(&request(slot), LOAD, slot));
            last = request(slot);
            answer_in(slot).status = status;
            answer_in(slot).sequence = request(slot).sequence;
            served++;
        }
        return served;
    }
    std::vector<uint32_t> ways() {
        std::vector<uint32_t> found;
        for (const uint64_t word : engine.words(answer.records, DEFIB_RECORD_WAY)) {
            found.push_back(static_cast<uint32_t>(word >> 32));
        }
        return found;
    }
    DefibEffect effect() { return observe(engine.state(), routine, arguments); }
    unsigned count(uint32_t journal_kind) const {
        unsigned found = 0;
        DefibJournalEntry entry{};
        for (uint64_t i = 1; read_entry(*engine_journal, i, entry); i++) {
            if (entry.kind == journal_kind) found++;
        }
        return found;
    }

    SyntheticMemory memory;
    TestEngine engine{memory};
    DefibJournal* engine_journal = &engine.journal();
    DefibAnswer answer{};
    DefibHookRequest last{};
    uint64_t arguments[DEFIB_ARGUMENTS] = {0xabc, 7};
    uint32_t routine = 0;
    uint32_t asking = 0;
    uint32_t kind = DEFIB_HOOK_WAKE;
    uint32_t death = 0;
    uint64_t wanted = 1;
    uint64_t by_memory = 0;
    uint64_t now = 1000 * MS;
};

using Ways = std::vector<uint32_t>;

TEST_F(AskedHook, IsAskedInPlaceOfAStore) {
    show_ring();
    act_now();
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_HOOK});
    EXPECT_EQ(by_memory, 0U);
    EXPECT_EQ(attached(), LOAD);
    EXPECT_EQ(effect(), DEFIB_EFFECT_NOT_YET);
    EXPECT_EQ(serve(), 1U);
    EXPECT_EQ(last.kind, uint32_t{DEFIB_HOOK_WAKE});
    EXPECT_EQ(last.arguments[0], 0xabcU);
    pass_ms(1);
    EXPECT_EQ(effect(), DEFIB_EFFECT_THERE);
    EXPECT_EQ(attached(), 0U) << "nothing is outstanding";
    EXPECT_EQ(count(DEFIB_JOURNAL_ASKED), 1U);
    EXPECT_EQ(count(DEFIB_JOURNAL_ANSWERED), 1U);
}

TEST_F(AskedHook, IsNotAskedTwiceForWhatItHasNotAnswered) {
    show_ring();
    act_now();
    act_now();
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_NO_CHANGE});
    EXPECT_EQ(serve(), 1U);
    pass_ms(1);
    act_now();
    EXPECT_EQ(serve(), 1U) << "it may be needed again";
}

TEST_F(AskedHook, IsNotThere) {
    act_now();
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_NO_HOOK});
    EXPECT_NE(by_memory, 0U);
    EXPECT_EQ(effect(), DEFIB_EFFECT_THERE);
    EXPECT_EQ(count(DEFIB_JOURNAL_BY_MEMORY), 1U);
    act_now();
    EXPECT_EQ(count(DEFIB_JOURNAL_BY_MEMORY), 1U) << "said once a second";
}

TEST_F(AskedHook, IsNotBelievedWhereItsDescriptionIsWrong) {
    EXPECT_FALSE(use_hook(engine.state(), RING + 4096, now));
    EXPECT_FALSE(use_hook(engine.state(), ~uint64_t{7}, now));
    EXPECT_FALSE(use_hook(engine.state(), 0, now));
    header().sum ^= 1;
    EXPECT_FALSE(use_hook(engine.state(), RING, now));
    header().sum ^= 1;
    header().magic[3] = 'x';
    EXPECT_FALSE(use_hook(engine.state(), RING, now));
    EXPECT_EQ(attached(), 0U);
}

TEST_F(AskedHook, LeavesWhileItIsAsked) {
    show_ring();
    act_now();
    header().state = DEFIB_HOOK_STATE_LEAVING;
    pass_ms(1);
    EXPECT_EQ(attached(), 0U) << "so that it may go";
    EXPECT_EQ(effect(), DEFIB_EFFECT_NOT_YET);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_LEFT});
    EXPECT_NE(by_memory, 0U);
    EXPECT_EQ(effect(), DEFIB_EFFECT_THERE);
}

TEST_F(AskedHook, HasGoneAndItsMemoryIsAnothers) {
    show_ring();
    std::memset(memory.at(RING), 0x5a, 4096);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_LEFT});
    for (uint64_t i = 0; i < 4096; i += 8) {
        ASSERT_EQ(memory.read<uint64_t>(RING + i), 0x5a5a5a5a5a5a5a5aU) << i;
    }
}

TEST_F(AskedHook, GoesWhileItIsAskedAndItsMemoryIsAnothers) {
    show_ring();
    act_now();
    std::memset(memory.at(RING), 0x5a, 4096);
    pass_ms(1);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_LEFT});
    use_hook(engine.state(), 0, now);
    for (uint64_t i = 0; i < 4096; i += 8) {
        ASSERT_EQ(memory.read<uint64_t>(RING + i), 0x5a5a5a5a5a5a5a5aU) << i;
    }
}

TEST_F(AskedHook, DoesNotAnswer) {
    show_ring();
    act_now();
    pass_ms(1000);
    EXPECT_EQ(attached(), 0U);
    EXPECT_EQ(serve(), 1U);
    EXPECT_EQ(last.kind, uint32_t{DEFIB_HOOK_NOTHING}) << "the request was withdrawn";
    EXPECT_EQ(effect(), DEFIB_EFFECT_NOT_YET);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_SILENT});
    EXPECT_NE(by_memory, 0U);
    EXPECT_EQ(effect(), DEFIB_EFFECT_THERE);
    pass_ms(10'000);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_HOOK}) << "after a while it is asked again";
}

TEST_F(AskedHook, Refuses) {
    show_ring();
    act_now();
    EXPECT_EQ(serve(DEFIB_HOOK_STATUS_BUSY), 1U);
    pass_ms(1);
    EXPECT_EQ(effect(), DEFIB_EFFECT_NOT_YET);
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_REFUSED});
    EXPECT_NE(by_memory, 0U);
}

TEST_F(AskedHook, IsShownAndNotAskedWhereNothingMayBeWritten) {
    show_ring();
    memory.target().window.flags |= DEFIB_WINDOW_READ_ONLY;
    act_now();
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_READ_ONLY});
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_HOOK});
    EXPECT_EQ(serve(), 0U);
    EXPECT_EQ(attached(), 0U);
}

TEST_F(AskedHook, IsNotAskedForWhatNoRoutineMayWant) {
    show_ring();
    kind = DEFIB_HOOK_CRASH;
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_OFF});
    EXPECT_EQ(serve(), 0U);
    EXPECT_EQ(attached(), 0U);
}

TEST_F(AskedHook, IsNotAskedWhereTheProofFails) {
    show_ring();
    death = DEFIB_REASON_GONE;
    act_now();
    EXPECT_EQ(answer.outcome, uint32_t{DEFIB_OUTCOME_DIED});
    EXPECT_EQ(answer.death, uint32_t{DEFIB_REASON_GONE});
    EXPECT_EQ(serve(), 0U);
    EXPECT_EQ(by_memory, 0U);
}

TEST_F(AskedHook, WhatFollowsInMemoryIsLeftOut) {
    uint32_t followed = 0;
    line().then = engine.add(DEFIB_ROUTINE_STORES, [&](DefibContext&, auto) {
        followed++;
        return 0;
    });
    show_ring();
    act_now();
    EXPECT_EQ(followed, 0U);
    serve(DEFIB_HOOK_STATUS_BUSY);
    pass_ms(1);
    act_now();
    EXPECT_EQ(followed, 2U) << "by memory it is needed";
}

TEST_F(AskedHook, WhatIsTakenBackDoesNotComeLater) {
    line().undo = engine.add(DEFIB_ROUTINE_STORES, [](DefibContext&, auto) { return 0; });
    show_ring();
    act_now();
    DefibAnswer undone{};
    act(engine.state(), line().undo, arguments, now, undone);
    EXPECT_EQ(serve(), 1U);
    EXPECT_EQ(last.kind, uint32_t{DEFIB_HOOK_NOTHING});
    EXPECT_EQ(attached(), 0U);
}

TEST_F(AskedHook, LeavesAloneTheSlotsThatOthersUse) {
    for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) request(slot).sequence = 9;
    show_ring();
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_FULL});
    answer_in(5).sequence = 9;
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_HOOK});
    EXPECT_NE(request(5).sequence, 9U);
}

TEST_F(AskedHook, IsLeftAttachedForOthersThatWait) {
    request(5).sequence = 9;
    request(5).kind = DEFIB_HOOK_WAKE;
    show_ring();
    act_now();
    for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
        if (slot != 5) answer_in(slot).sequence = request(slot).sequence;
    }
    pass_ms(1);
    EXPECT_EQ(count(DEFIB_JOURNAL_ANSWERED), 1U);
    EXPECT_EQ(attached(), LOAD);
}

TEST_F(AskedHook, EachOfManyIsAskedFor) {
    wanted = 7;
    show_ring();
    act_now();
    EXPECT_EQ(ways().size(), 7U);
    EXPECT_EQ(serve(), 7U);
    pass_ms(1);
    EXPECT_EQ(effect(), DEFIB_EFFECT_THERE);
}

TEST_F(AskedHook, ForgettingItDetaches) {
    show_ring();
    act_now();
    EXPECT_FALSE(use_hook(engine.state(), 0, now));
    EXPECT_EQ(attached(), 0U);
    EXPECT_EQ(serve(), 1U);
    EXPECT_EQ(last.kind, uint32_t{DEFIB_HOOK_NOTHING});
    act_now();
    EXPECT_EQ(ways(), Ways{DEFIB_WAY_NO_HOOK});
}

}  // namespace
}  // namespace defib::runtime
