// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The client against a ring that the test makes, and a thread that plays the hook. Against the
// module in a real kernel: tests/hook.
#include "boot/hook/hook.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "boot/find/identity_for_tests.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

namespace {

using namespace std::chrono_literals;

constexpr uint64_t RING_AT = 0x42000;

struct RingInMemory : ::testing::Test {
    RingInMemory() {
        char name[] = "/tmp/defib-hook-XXXXXX";
        const UniqueFd fd(mkstemp(name));
        path = name;
        EXPECT_EQ(ftruncate(fd.get(), 1 << 20), 0);
        auto opened = Target::open("vm:" + path, Access::act);
        EXPECT_TRUE(opened);
        target = std::move(*opened);
        header().version = DEFIB_HOOK_VERSION;
        header().physical = RING_AT;
        header().load = 0x1234;
        header().cpus = 2;
        header().slots = DEFIB_HOOK_SLOTS;
        header().engine_at = 256;
        header().beats_at = 384;
        header().requests_at = 640;
        header().answers_at = header().requests_at + DEFIB_HOOK_SLOTS * sizeof(DefibHookRequest);
        header().bytes = header().answers_at + DEFIB_HOOK_SLOTS * sizeof(DefibHookAnswer);
        header().sum = defib_hook_description_sum(&header());
        header().state = DEFIB_HOOK_STATE_SERVING;
        std::memcpy(header().magic, DEFIB_HOOK_MAGIC, sizeof header().magic);
        reopen();
    }
    ~RingInMemory() override {
        stop();
        std::filesystem::remove(path);
    }

    // Which stretches of the file hold data is asked when it is opened.
    void reopen() {
        auto opened = Target::open("vm:" + path, Access::act);
        ASSERT_TRUE(opened);
        target = std::move(*opened);
    }
    template <class T>
    T& at(uint64_t offset) {
        auto* bytes = const_cast<std::byte*>(target.memory().bytes().data());
        return *reinterpret_cast<T*>(bytes + RING_AT + offset);
    }
    DefibHookHeader& header() { return at<DefibHookHeader>(0); }
    DefibHookEngine& engine() { return at<DefibHookEngine>(header().engine_at); }
    DefibHookBeat& beat(uint32_t cpu) {
        return at<DefibHookBeat>(header().beats_at + cpu * sizeof(DefibHookBeat));
    }

    // Beats, and answers each request with its kind.
    void play() {
        player = std::thread([this] {
            while (!over) {
                beat(0).begun++;
                std::atomic_ref(beat(0).ended)++;
                for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS && answers; slot++) {
                    auto& request = at<DefibHookRequest>(header().requests_at + slot * 64);
                    auto& reply = at<DefibHookAnswer>(header().answers_at + slot * 64);
                    const uint32_t sequence = std::atomic_ref(request.sequence);
                    if (sequence == reply.sequence) continue;
                    reply.status =
                        request.sum == defib_hook_request_sum(&request, header().load, slot)
                            ? DEFIB_HOOK_STATUS_DONE
                            : DEFIB_HOOK_STATUS_BAD_SUM;
                    reply.value[0] = request.kind;
                    std::atomic_ref(reply.sequence) = sequence;
                }
                std::this_thread::yield();
            }
        });
    }
    void stop() {
        over = true;
        if (player.joinable()) player.join();
    }

    std::string path;
    Target target;
    std::thread player;
    std::atomic<bool> over = false;
    std::atomic<bool> answers = true;
};

TEST_F(RingInMemory, IsFoundWhereItSaysItIs) {
    const auto rings = find_rings(target);
    ASSERT_EQ(rings.size(), 1U);
    EXPECT_EQ(rings[0].header.load, 0x1234U);
    EXPECT_EQ(reinterpret_cast<std::byte*>(&header()), rings[0].memory);
}

TEST_F(RingInMemory, IsNotBelievedWhenItsDescriptionIsWrong) {
    const DefibHookHeader right = header();
    const auto is_found_with = [&](auto change) {
        header() = right;
        change(header());
        header().sum = defib_hook_description_sum(&header());
        return !find_rings(target).empty();
    };
    EXPECT_TRUE(is_found_with([](auto&) {}));
    EXPECT_FALSE(is_found_with([](auto& h) { h.version = DEFIB_HOOK_VERSION - 1; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.version = DEFIB_HOOK_VERSION + 1; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.physical += 4096; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.physical = ~uint64_t{0}; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.load = 0; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.cpus = 100000; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.slots = 31; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.bytes = 1U << 30; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.answers_at = h.bytes - 8; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.requests_at = 0xfffffff8; }));
    EXPECT_FALSE(is_found_with([](auto& h) { h.engine_at = 0; }));
    header() = right;
    header().bytes -= 8;  // and the sum does not say so
    EXPECT_TRUE(find_rings(target).empty());
}

TEST_F(RingInMemory, IsAskedOnlyWhileItBeats) {
    auto silent = Hook::find(target, IdentityForTests::of(target));
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code, DEFIB_ERROR_HOOK_NOT_FOUND);
    EXPECT_EQ(engine().attached, 0U);
    play();
    {
        auto hook = Hook::find(target, IdentityForTests::of(target));
        ASSERT_TRUE(hook) << to_line(hook.error());
        EXPECT_EQ(engine().attached, 0x1234U);
    }
    EXPECT_EQ(engine().attached, 0U);
    auto to_look = Target::open("vm:" + path, Access::look);
    ASSERT_TRUE(to_look);
    EXPECT_FALSE(Hook::find(*to_look, IdentityForTests::of(*to_look)));
}

TEST_F(RingInMemory, IsNotWrittenToBeforeItsKernelIsProved) {
    play();
    const auto before = engine().attached;
    EXPECT_FALSE(Hook::find(target, IdentityForTests::of(target, Access::look)));
    auto other = Target::open("vm:" + path, Access::act);
    ASSERT_TRUE(other);
    EXPECT_FALSE(Hook::find(target, IdentityForTests::of(*other))) << "proved for another mapping";
    EXPECT_EQ(engine().attached, before);
}

TEST_F(RingInMemory, CarriesRequestsAndAnswers) {
    play();
    auto hook = Hook::find(target, IdentityForTests::of(target));
    ASSERT_TRUE(hook) << to_line(hook.error());
    for (uint32_t kind = 1; kind < 100; kind++) {
        auto answer = hook->ask({.kind = kind, .arguments = {kind, 2, 3, 4}}, 10s);
        ASSERT_TRUE(answer) << to_line(answer.error());
        EXPECT_EQ(answer->status, DEFIB_HOOK_STATUS_DONE);
        EXPECT_EQ(answer->value[0], kind);
    }
    header().state = DEFIB_HOOK_STATE_LEAVING;
    EXPECT_FALSE(hook->ask({}, 10s));
}

TEST_F(RingInMemory, IsBounded) {
    play();
    auto hook = Hook::find(target, IdentityForTests::of(target));
    ASSERT_TRUE(hook) << to_line(hook.error());
    answers = false;
    for (uint32_t i = 0; i < DEFIB_HOOK_SLOTS; i++) EXPECT_TRUE(hook->post({}));
    auto full = hook->post({});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, DEFIB_ERROR_HOOK_FULL);
}

TEST_F(RingInMemory, ARequestThatNobodyAnswersCostsItsDeadlineAndNoSlot) {
    play();
    auto hook = Hook::find(target, IdentityForTests::of(target));
    ASSERT_TRUE(hook) << to_line(hook.error());
    answers = false;
    auto late = hook->ask({.kind = DEFIB_HOOK_SYNC}, 5ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, DEFIB_ERROR_HOOK_NO_ANSWER);
    // It was replaced by one that does nothing.
    EXPECT_EQ(at<DefibHookRequest>(header().requests_at).kind, DEFIB_HOOK_NOTHING);
    answers = true;
    for (uint32_t i = 0; i < 3 * DEFIB_HOOK_SLOTS; i++) EXPECT_TRUE(hook->ask({}, 10s));
}

}  // namespace
}  // namespace defib::boot
