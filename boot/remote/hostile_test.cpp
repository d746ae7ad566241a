// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A remote that lies, repeats, tears, forges and floods. Whatever it writes into the mailbox, what
// is carried out is what the operator's key was used for, once.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "boot/remote/client.h"
#include "boot/remote/server.h"
#include "boot/remote/shared_file.h"
#include "engine/abi/journal.h"

namespace defib::boot::remote {
namespace {

constexpr uint64_t MS = 1000000;

class Hostile : public testing::Test {
  protected:
    void SetUp() override {
        shared = std::move(*SharedMailbox::make_private());
        start(key);
    }
    void start(const std::optional<Key>& operators, Memory opens = Memory::closed) {
        server = std::move(*Server::start(
            memory(), operators,
            [this](auto kind, const auto& words) {
                carried_out.push_back({kind, words});
                now += cost;
                return Served{DEFIB_REMOTE_DONE, answer};
            },
            opens));
    }
    DefibRemoteMailbox& memory() { return shared->mailbox(); }
    void step() {
        server->step([this] { return now; }, 7);
        now += 1000 * MS;
    }

    DefibRemoteRequest request(DefibRemoteKind kind, const std::string& words) {
        DefibRemoteRequest one{};
        one.number = ++number;
        one.kind = kind;
        one.size = static_cast<uint32_t>(words.size());
        std::memcpy(one.data, words.data(), words.size());
        return one;
    }
    DefibRemoteRequest unsigned_one(DefibRemoteKind kind) {
        DefibRemoteRequest one = request(kind, "words");
        one.check = check_of(one);
        return one;
    }
    DefibRemoteRequest signed_act(uint64_t counter, uint32_t slot,
                                  DefibRemoteKind kind = DEFIB_REMOTE_ACT) {
        DefibRemoteRequest one = request(kind, "signal 4711 signal=KILL");
        one.counter = counter;
        sign(one, slot, session_key(key, memory().head.nonce));
        one.check = check_of(one);
        return one;
    }
    // Put there, looked at; what it came to.
    uint32_t ask(const DefibRemoteRequest& one, uint32_t slot = 0) {
        memory().slots[slot].request = one;
        for (uint32_t i = 0; i < DEFIB_REMOTE_SLOTS; i++) step();  // each slot has had its turn
        const DefibRemoteAnswer& told = memory().slots[slot].answer;
        EXPECT_EQ(told.completed, one.number);
        EXPECT_EQ(told.check, check_of(told.status, told.whole, {told.data, told.size}));
        return told.status;
    }

    Key key{1, 2, 3};
    std::unique_ptr<SharedMailbox> shared;
    std::unique_ptr<Server> server;
    std::vector<std::pair<DefibRemoteKind, std::string>> carried_out;
    std::string answer = "the answer";
    uint64_t now = 1000 * MS;
    uint64_t cost = 0;
    uint64_t number = 0;
};

TEST_F(Hostile, WhatIsInOrderIsCarriedOutOnce) {
    const auto one = signed_act(1, 0);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_DONE);
    step();
    ASSERT_EQ(carried_out.size(), 1U);
    EXPECT_EQ(carried_out[0].second, "signal 4711 signal=KILL");
    EXPECT_EQ(memory().head.counter, 1U);
}

// Whoever reaches the mailbox sees what others are told.
TEST_F(Hostile, OnlyTheKeyReadsWhatItIsAnswered) {
    const auto one = signed_act(1, 0, DEFIB_REMOTE_PLAN);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_DONE);
    const DefibRemoteAnswer& told = memory().slots[0].answer;
    std::string seen(reinterpret_cast<const char*>(told.data), told.size);
    EXPECT_FALSE(seen.contains(answer));
    const Key session = session_key(key, memory().head.nonce);
    EXPECT_EQ(open_answer(seen, one, session), answer);
    EXPECT_EQ(open_answer(seen, signed_act(2, 0, DEFIB_REMOTE_PLAN), session), std::nullopt)
        << "it answers another request";
    EXPECT_EQ(open_answer(seen, one, session_key(Key{9}, memory().head.nonce)), std::nullopt);
    seen[3] ^= 1;
    EXPECT_EQ(open_answer(seen, one, session), std::nullopt) << "somebody has changed it";
    EXPECT_EQ(open_answer("short", one, session), std::nullopt);
}

TEST_F(Hostile, APlanNeedsTheKeyAsARepairDoes) {
    EXPECT_EQ(ask(unsigned_one(DEFIB_REMOTE_PLAN)), DEFIB_REMOTE_FORGED);
    const auto one = signed_act(3, 1, DEFIB_REMOTE_PLAN);
    EXPECT_EQ(ask(one, 1), DEFIB_REMOTE_DONE);
    memory().slots[1].request.number = 0;
    step();
    EXPECT_EQ(ask(one, 1), DEFIB_REMOTE_REPLAYED);
    start(std::nullopt);
    EXPECT_EQ(ask(signed_act(4, 0, DEFIB_REMOTE_PLAN)), DEFIB_REMOTE_NOT_ALLOWED);
    EXPECT_EQ(carried_out.size(), 1U);
}

TEST_F(Hostile, MemoryIsClosedUnlessItWasOpened) {
    EXPECT_EQ(ask(signed_act(1, 0, DEFIB_REMOTE_MEMORY)), DEFIB_REMOTE_NOT_OPEN);
    EXPECT_EQ(ask(unsigned_one(DEFIB_REMOTE_MEMORY)), DEFIB_REMOTE_NOT_OPEN);
    start(key, Memory::open);
    EXPECT_EQ(ask(unsigned_one(DEFIB_REMOTE_MEMORY)), DEFIB_REMOTE_FORGED) << "to the key alone";
    EXPECT_TRUE(carried_out.empty());
    EXPECT_EQ(ask(signed_act(1, 0, DEFIB_REMOTE_MEMORY)), DEFIB_REMOTE_DONE);
    start(std::nullopt, Memory::open);
    EXPECT_EQ(ask(unsigned_one(DEFIB_REMOTE_MEMORY)), DEFIB_REMOTE_DONE) << "to whoever asks";
    EXPECT_EQ(carried_out.size(), 2U);
}

TEST_F(Hostile, AReplayIsRefusedInEverySlotUnderEveryNumber) {
    auto one = signed_act(5, 0);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_DONE);
    memory().slots[0].request.number = 0;  // one more request, with another number
    step();
    EXPECT_EQ(ask(one, 0), DEFIB_REMOTE_REPLAYED);
    EXPECT_EQ(ask(one, 1), DEFIB_REMOTE_FORGED) << "it was signed for slot 0";
    one.number = 99;
    EXPECT_EQ(ask(one, 0), DEFIB_REMOTE_FORGED) << "and for its number";
    EXPECT_EQ(ask(signed_act(5, 2), 2), DEFIB_REMOTE_REPLAYED);
    EXPECT_EQ(ask(signed_act(4, 2), 2), DEFIB_REMOTE_REPLAYED);
    EXPECT_EQ(ask(signed_act(6, 2), 2), DEFIB_REMOTE_DONE);
    EXPECT_EQ(carried_out.size(), 2U);
    EXPECT_EQ(server->answered(DEFIB_REMOTE_REPLAYED), 3U);
    EXPECT_EQ(memory().head.answered[DEFIB_REMOTE_FORGED], 3U);
}

TEST_F(Hostile, ACommandOfAnEarlierStartIsForgedNow) {
    const auto one = signed_act(1000, 0);
    start(key);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_FORGED);
    EXPECT_TRUE(carried_out.empty());
}

// Every bit of what is signed, its check made good again, so that nothing but the key is between.
TEST_F(Hostile, NoBitOfACommandCanBeChanged) {
    const auto good = signed_act(1, 0);
    const auto* from = reinterpret_cast<const uint8_t*>(&good);
    const size_t end = offsetof(DefibRemoteRequest, data) + good.size;
    for (size_t bit = 64; bit < end * 8; bit++) {
        const size_t byte = bit / 8;
        const size_t at_check = offsetof(DefibRemoteRequest, check);
        if (byte >= at_check && byte < at_check + 8) continue;
        DefibRemoteRequest changed;
        std::memcpy(&changed, from, sizeof changed);
        reinterpret_cast<uint8_t*>(&changed)[byte] ^= static_cast<uint8_t>(1U << bit % 8);
        changed.number = ++number;
        changed.check = check_of(changed);
        const bool is_still_act = changed.kind == DEFIB_REMOTE_ACT;
        const uint32_t status = ask(changed);
        if (is_still_act) {
            EXPECT_TRUE(status == DEFIB_REMOTE_FORGED || status == DEFIB_REMOTE_MALFORMED) << bit;
        }
    }
    for (const auto& [kind, words] : carried_out) EXPECT_NE(kind, DEFIB_REMOTE_ACT);
    EXPECT_GT(server->answered(DEFIB_REMOTE_FORGED), 300U);
}

TEST_F(Hostile, WhatIsTruncatedTornOrUnknownIsMalformed) {
    auto one = request(DEFIB_REMOTE_PS, "json");
    EXPECT_EQ(ask(one), DEFIB_REMOTE_MALFORMED) << "without a check";
    one.check = check_of(one);
    one.number = ++number;
    one.data[2] ^= 1;
    EXPECT_EQ(ask(one), DEFIB_REMOTE_MALFORMED) << "changed while it was read";
    one = request(DEFIB_REMOTE_PS, "json");
    one.size = DEFIB_REMOTE_REQUEST_BYTES + 1;
    one.check = check_of(one);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_MALFORMED);
    one = request(static_cast<DefibRemoteKind>(77), "");
    one.check = check_of(one);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_MALFORMED);
    one = request(DEFIB_REMOTE_MORE, "");
    one.from = ~uint64_t{0};
    one.check = check_of(one);
    EXPECT_EQ(ask(one), DEFIB_REMOTE_MALFORMED) << "more than there is";
    EXPECT_TRUE(carried_out.empty());
    EXPECT_EQ(server->answered(DEFIB_REMOTE_MALFORMED), 5U);
}

// Nobody is asked, and nobody has to be there any more.
TEST_F(Hostile, WhatIsKeptIsReadFromAGuardThatIsGone) {
    DefibJournalEntry entry{};
    entry.sequence = 1;
    const auto tell = [&](auto kind, const std::string& words) -> Served {
        if (kind == DEFIB_REMOTE_SESSION) return {DEFIB_REMOTE_DONE, "whose kernel it is"};
        std::memcpy(&entry.sequence, words.data(), sizeof entry.sequence);
        return {DEFIB_REMOTE_DONE, {reinterpret_cast<const char*>(&entry), sizeof entry}};
    };
    server = std::move(*Server::start(memory(), key, tell));
    const auto way = own_memory(memory());
    Client client(*way);
    EXPECT_FALSE(client.kept_session().has_value()) << "nothing yet";
    for (uint64_t i = 0; i < DEFIB_REMOTE_KEPT_ENTRIES + 5; i++) server->keep(now += 1000 * MS);
    server.reset();
    EXPECT_EQ(*client.kept_session(), "whose kernel it is");
    const auto journal = client.kept_journal();
    ASSERT_TRUE(journal.has_value());
    ASSERT_EQ(journal->size(), DEFIB_REMOTE_KEPT_ENTRIES * sizeof entry) << "the newest ones";
    std::memcpy(&entry, journal->data(), sizeof entry);
    EXPECT_EQ(entry.sequence, 6U);
    memory().journal.data[7] ^= 1;
    EXPECT_FALSE(client.kept_journal().has_value()) << "it is not whole";
    memory().session.size = ~0U;
    EXPECT_FALSE(client.kept_session().has_value());
}

TEST_F(Hostile, WithoutAKeyNothingIsDoneAndEverythingIsRead) {
    start(std::nullopt);
    EXPECT_EQ(memory().head.permissions, DEFIB_REMOTE_MAY_READ);
    memory().head.permissions = ~0U;  // the remote may write it, and nobody reads it
    EXPECT_EQ(ask(signed_act(1, 0)), DEFIB_REMOTE_NOT_ALLOWED);
    auto look = request(DEFIB_REMOTE_LOCKS, "");
    look.check = check_of(look);
    EXPECT_EQ(ask(look), DEFIB_REMOTE_DONE);
    ASSERT_EQ(carried_out.size(), 1U);
    EXPECT_EQ(carried_out[0].first, DEFIB_REMOTE_LOCKS);
}

// Random words over everything, the counter and the nonce of the head too.
TEST_F(Hostile, RandomMemoryCarriesOutNoCommandAndStaysWithinIt) {
    std::mt19937_64 random(4711);
    const auto kept = signed_act(1, 3);
    for (int round = 0; round < 300; round++) {
        auto* words = reinterpret_cast<uint64_t*>(&memory());
        for (uint32_t slot = 0; slot < DEFIB_REMOTE_SLOTS; slot++) {
            auto* request = reinterpret_cast<uint64_t*>(&memory().slots[slot].request);
            for (size_t i = 0; i < sizeof(DefibRemoteRequest) / 8; i++) request[i] = random();
        }
        for (size_t i = 0; i < sizeof(DefibRemoteHead) / 8; i++) words[i] = random();
        step();
    }
    EXPECT_TRUE(carried_out.empty());
    EXPECT_EQ(ask(kept, 3), DEFIB_REMOTE_DONE) << "the true head is not in this memory";
}

// A request in every slot at every look, each as dear as can be: the loop still has four fifths.
TEST_F(Hostile, AFloodGetsAFifthOfTheTime) {
    start(std::nullopt, Memory::open);
    cost = 10 * MS;
    const uint64_t begin = now;
    uint64_t longest = 0;
    while (now - begin < 10000 * MS) {
        constexpr DefibRemoteKind KINDS[] = {DEFIB_REMOTE_PS, DEFIB_REMOTE_PICTURE,
                                             DEFIB_REMOTE_MEMORY, DEFIB_REMOTE_JOURNAL};
        for (uint32_t slot = 0; slot < DEFIB_REMOTE_SLOTS; slot++) {
            auto one = request(KINDS[(slot + carried_out.size()) % std::size(KINDS)], "");
            one.check = check_of(one);
            memory().slots[slot].request = one;
        }
        const uint64_t before = now;
        server->step([this] { return now; }, 7);
        longest = std::max(longest, now - before);
        now += MS / 10;  // a turn of the loop
    }
    EXPECT_EQ(longest, cost) << "one request between two turns";
    EXPECT_LE(carried_out.size() * cost, (now - begin) / 5 + cost);
    EXPECT_GT(carried_out.size(), 100U) << "but it is served";
    for (uint32_t slot = 0; slot < DEFIB_REMOTE_SLOTS; slot++) {
        EXPECT_NE(memory().slots[slot].answer.completed, 0U) << "each slot in its turn";
    }
}

TEST_F(Hostile, ALargeAnswerComesWholeInParts) {
    answer.assign(size_t{3} << 20, 'x');
    answer += "end";
    std::jthread serving([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) step();
    });
    const auto way = own_memory(memory());
    Client client(*way);
    const auto told =
        client.ask(DEFIB_REMOTE_PS, "", std::nullopt, std::chrono::milliseconds(60000));
    ASSERT_TRUE(told.has_value()) << to_line(told.error());
    EXPECT_EQ(told->status, DEFIB_REMOTE_DONE);
    EXPECT_EQ(told->text.size(), answer.size());
    EXPECT_EQ(told->text, answer);
}

// Four slots, and eight remotes that all want large answers: each gets its own, whole.
TEST_F(Hostile, RemotesThatAskAtOnceGetTheirOwnAnswers) {
    start(key);
    server = std::move(*Server::start(memory(), key, [](auto, const auto& words) {
        std::string long_one;
        while (long_one.size() < (size_t{5} << 20) / 2) long_one += words;
        return Served{DEFIB_REMOTE_DONE, long_one};
    }));
    std::jthread serving([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) step();
    });
    std::vector<std::jthread> remotes;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; i++) {
        remotes.emplace_back([this, i, &right] {
            const auto way = own_memory(memory());
            Client client(*way);
            const std::string words = "remote " + std::to_string(i) + ";";
            const auto key_or_none = i % 2 == 0 ? std::optional(key) : std::nullopt;
            const auto kind = i % 2 == 0 ? DEFIB_REMOTE_PLAN : DEFIB_REMOTE_PS;
            for (int asked = 0; asked < 5000; asked++) {
                const auto told =
                    client.ask(kind, words, key_or_none, std::chrono::milliseconds(60000));
                // Where others are in the way too often it says so; never another's answer.
                if (!told || told->status != DEFIB_REMOTE_DONE) continue;
                ASSERT_TRUE(told->text.starts_with(words) && told->text.ends_with(words));
                right++;
                return;
            }
        });
    }
    remotes.clear();
    EXPECT_EQ(right, 8);
}

TEST_F(Hostile, WhoLeavesDoesNotWait) {
    std::stop_source stop;
    stop.request_stop();
    const auto way = own_memory(memory());
    Client client(*way, stop.get_token());
    const auto told = client.ask(DEFIB_REMOTE_PS, "", std::nullopt, std::chrono::hours(1));
    EXPECT_FALSE(told.has_value());
}

TEST_F(Hostile, ADeadEngineIsToldFromASlowOne) {
    const auto way = own_memory(memory());
    Client client(*way);
    const auto told = client.ask(DEFIB_REMOTE_PS, "", std::nullopt, std::chrono::milliseconds(5));
    ASSERT_FALSE(told.has_value());
    EXPECT_NE(told.error().detail.find("its engine is dead"), std::string::npos);
    std::memset(&memory(), 0, sizeof memory());
    EXPECT_FALSE(client.head().has_value()) << "no mailbox at all";
}

}  // namespace
}  // namespace defib::boot::remote
