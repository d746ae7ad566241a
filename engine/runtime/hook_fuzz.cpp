// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a guest writes into its ring while an engine asks it: whatever stands there,
// the engine writes to the slots and to its own part and nowhere else, asks for nothing that it
// may not, and no request is waited for without end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/abi/hook_description.h"
#include "engine/runtime/act.h"
#include "engine/runtime/hook.h"
#include "engine/runtime/testing/test_routines.h"

namespace {

using defib::testing::SyntheticMemory;
using defib::testing::TestEngine;
namespace runtime = defib::runtime;

constexpr uint64_t RING = 0x120000;
constexpr uint64_t ROOM = 3 * 4096;  // around it too: what the header tells may be longer
constexpr uint64_t OBJECT = 0x110000;
constexpr uint64_t MS = 1000000;
constexpr uint64_t LONGEST_WAIT_MS = 200;

// One event: what happens, where, and with which word.
struct Event {
    uint8_t what;
    uint8_t size;
    uint16_t where;
    uint64_t word;
};
constexpr size_t EVENT_SIZE = 12;

void must(bool holds) {
    if (!holds) std::abort();
}

// Which of the two links is the true one depends on when the step let the ring go, or took it.
bool may_write(uint64_t address, const DefibHookLink& before, const DefibHookLink& after) {
    for (const DefibHookLink* link : {&before, &after}) {
        const uint64_t at = address - link->ring;
        const bool is_own = at - link->engine_at < sizeof(DefibHookEngine);
        const bool is_request =
            at - link->requests_at < DEFIB_HOOK_SLOTS * sizeof(DefibHookRequest);
        if (link->ring != 0 && (is_own || is_request)) return true;
    }
    return false;
}

// A machine with a ring in it that the events spoil, and the engine that asks.
class Asked {
  public:
    Asked();
    void happen(const Event& event);
    void end();

  private:
    DefibHookHeader& header() { return *reinterpret_cast<DefibHookHeader*>(memory_.at(RING)); }
    std::vector<uint8_t> ring() const { return {memory_.at(RING), memory_.at(RING) + ROOM}; }
    void act(uint64_t word);
    void serve(uint32_t status);
    void mend();
    // Runs it, and sees what of the ring it wrote.
    template <class Step>
    void engine_does(const Step& step);

    SyntheticMemory memory_;
    TestEngine engine_{memory_};
    uint32_t routine_ = 0;
    uint32_t kind_ = DEFIB_HOOK_WAKE;
    uint64_t now_ = 1000 * MS;
};

Asked::Asked() {
    DefibHookHeader& described = header();
    std::memcpy(described.magic, DEFIB_HOOK_MAGIC, sizeof described.magic);
    described.version = DEFIB_HOOK_VERSION;
    described.physical = RING;
    described.load = 0x5eed;
    described.cpus = 2;
    described.slots = DEFIB_HOOK_SLOTS;
    described.engine_at = 256;
    described.beats_at = 384;
    described.requests_at = 640;
    described.answers_at = 640 + DEFIB_HOOK_SLOTS * sizeof(DefibHookRequest);
    described.bytes = described.answers_at + DEFIB_HOOK_SLOTS * sizeof(DefibHookAnswer);
    described.state = DEFIB_HOOK_STATE_SERVING;
    mend();
    routine_ = engine_.add(DEFIB_ROUTINE_STORES, [](DefibContext& context, auto) {
        defib_store(&context, SyntheticMemory::direct(OBJECT), 1, 8, 5);
        return 0;
    });
    const uint32_t asking = engine_.add(DEFIB_ROUTINE_READS, [this](DefibContext& context, auto) {
        auto* ask = static_cast<DefibAskRecord*>(
            defib_emit(&context, DEFIB_RECORD_ASK, sizeof(DefibAskRecord)));
        if (ask != nullptr) *ask = {kind_, DEFIB_HOOK_ANY_CPU, {1, 2, 3, 4}};
        return 0;
    });
    engine_.state().routines[routine_].hook = asking + 1;
    engine_does([&] { must(runtime::use_hook(engine_.state(), RING, now_)); });
}

void Asked::mend() {
    header().sum = defib_hook_description_sum(&header());
}

template <class Step>
void Asked::engine_does(const Step& step) {
    const std::vector<uint8_t> ring_before = ring();
    const DefibHookLink before = engine_.state().hook;
    step();
    const DefibHookLink& after = engine_.state().hook;
    const std::vector<uint8_t> ring_after = ring();
    const auto [first, other] = std::ranges::mismatch(ring_before, ring_after);
    for (auto at = static_cast<uint64_t>(first - ring_before.begin()); at < ROOM; at++) {
        const auto address = reinterpret_cast<uint64_t>(memory_.at(RING)) + at;
        must(ring_before[at] == ring_after[at] || may_write(address, before, after));
    }
    must(after.waiting <= DEFIB_ASKS && after.waiting <= DEFIB_HOOK_SLOTS);
    uint32_t waiting = 0;
    for (const DefibAsk& ask : after.asks) waiting += ask.state == DEFIB_ASK_WAITING ? 1 : 0;
    must(waiting == after.waiting);
    must(after.ring != 0 || after.attached == 0);
}

void Asked::act(uint64_t word) {
    kind_ = static_cast<uint32_t>(word % 20);
    const uint64_t arguments[DEFIB_ARGUMENTS] = {word, 7};
    DefibAnswer answer{};
    engine_does([&] { runtime::act(engine_.state(), routine_, arguments, now_, answer); });
    const bool may = kind_ == DEFIB_HOOK_WAKE || kind_ == DEFIB_HOOK_RELEASE ||
                     kind_ == DEFIB_HOOK_AFFINITY || kind_ == DEFIB_HOOK_RESCHEDULE;
    for (const DefibAsk& ask : engine_.state().hook.asks) {
        must(may || ask.state != DEFIB_ASK_WAITING || ask.kind != kind_);
    }
}

// As the module answers what it likes.
void Asked::serve(uint32_t status) {
    const DefibHookLink& hook = engine_.state().hook;
    if (hook.ring == 0) return;
    for (uint64_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
        auto* answer = reinterpret_cast<DefibHookAnswer*>(hook.ring + hook.answers_at) + slot;
        const auto* request =
            reinterpret_cast<const DefibHookRequest*>(hook.ring + hook.requests_at) + slot;
        answer->sequence = request->sequence;
        answer->status = status;
    }
}

void Asked::happen(const Event& event) {
    switch (event.what % 8) {
        case 0:
        case 1:
            std::memcpy(memory_.at(RING) + event.where % (ROOM - sizeof event.word), &event.word,
                        size_t{1} + event.size % sizeof event.word);
            return;
        case 2:
            return mend();
        case 3:
            return act(event.word);
        case 4:
            return serve(static_cast<uint32_t>(event.word));
        case 5:
            now_ += event.word % (400 * MS);
            return engine_does([&] { runtime::poll_hook(engine_.state(), now_); });
        case 6:
            return engine_does([&] {
                runtime::use_hook(engine_.state(), event.word % 2 == 0 ? RING : event.word, now_);
            });
        default:
            now_ += event.word;  // a clock may be anything after a sleep
            return engine_does([&] { runtime::poll_hook(engine_.state(), now_); });
    }
}

// Nobody answers: what was asked for is withdrawn all the same.
void Asked::end() {
    now_ += LONGEST_WAIT_MS * MS;
    engine_does([&] { runtime::poll_hook(engine_.state(), now_); });
    must(engine_.state().hook.waiting == 0);
    engine_does([&] { runtime::use_hook(engine_.state(), 0, now_); });
    must(engine_.state().hook.ring == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Asked asked;
    for (size_t at = 0; at + EVENT_SIZE <= size; at += EVENT_SIZE) {
        Event event{};
        event.what = data[at];
        event.size = data[at + 1];
        std::memcpy(&event.where, data + at + 2, sizeof event.where);
        std::memcpy(&event.word, data + at + 4, sizeof event.word);
        asked.happen(event);
    }
    asked.end();
    return 0;
}
