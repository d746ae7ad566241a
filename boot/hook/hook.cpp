// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/hook/hook.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>

namespace defib::boot {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds BEATS_WITHIN{2000};
// Between two looks at the ring; the other side may need this processor.
constexpr std::chrono::microseconds PAUSE{200};

template <class T>
T load(const T& word) {
    return std::atomic_ref(const_cast<T&>(word)).load(std::memory_order_acquire);
}

template <class T>
void store(T& word, T value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

// Other processors write it at any time: word by word, never as a whole.
template <class T>
T copy_words(const T& from) {
    static_assert(sizeof(T) % 8 == 0 && alignof(T) == 8);
    T copy;
    for (size_t i = 0; i < sizeof(T) / 8; i++) {
        const uint64_t word = load(reinterpret_cast<const uint64_t*>(&from)[i]);
        std::memcpy(reinterpret_cast<char*>(&copy) + i * 8, &word, 8);
    }
    return copy;
}

uint64_t beats_of(const FoundRing& ring) {
    const auto* beats = reinterpret_cast<const DefibHookBeat*>(ring.memory + ring.header.beats_at);
    uint64_t sum = 0;
    for (uint32_t cpu = 0; cpu < ring.header.cpus; cpu++) sum += load(beats[cpu].ended);
    return sum;
}

}  // namespace

bool is_serving(const FoundRing& ring) {
    const auto* header = reinterpret_cast<const DefibHookHeader*>(ring.memory);
    return load(header->state) == DEFIB_HOOK_STATE_SERVING &&
           load(header->load) == ring.header.load;
}

Result<Hook> Hook::find(const Target& target, const Identity& identity) {
    if (!identity.may_write_to(target)) {
        return fail(DEFIB_ERROR_HOOK_NOT_FOUND, target.name(),
                    "its kernel's identity was not proved for who writes");
    }
    for (const DefibWindow& window : target.windows()) {
        if ((window.flags & DEFIB_WINDOW_READ_ONLY) != 0) {
            return fail(DEFIB_ERROR_HOOK_NOT_FOUND, target.name(), "opened to look, not to act");
        }
    }
    const auto rings = find_beating_rings(target, BEATS_WITHIN);
    if (rings.empty()) {
        return fail(DEFIB_ERROR_HOOK_NOT_FOUND, target.name(),
                    "no ring is there in which CPUs beat", "load defib_hook.ko in it");
    }
    Hook hook(rings.front());
    store(hook.engine()->attached, rings.front().header.load);
    return hook;
}

// The first that beats is enough: a kernel's rings before it do not.
std::vector<FoundRing> find_beating_rings(const Target& target, milliseconds within) {
    auto rings = find_rings(target);
    std::erase_if(rings, [](const FoundRing& ring) { return !is_serving(ring); });
    std::vector<uint64_t> before;
    before.reserve(rings.size());
    for (const FoundRing& ring : rings) before.push_back(beats_of(ring));
    const auto deadline = Clock::now() + within;
    while (!rings.empty() && Clock::now() < deadline) {
        for (size_t i = 0; i < rings.size(); i++) {
            if (beats_of(rings[i]) != before[i]) return {rings[i]};
        }
        std::this_thread::sleep_for(PAUSE);
    }
    return {};
}

Hook::Hook(Hook&& other) noexcept
    : ring_(std::exchange(other.ring_, {})),
      posted_(other.posted_),
      abandoned_(other.abandoned_),
      sequence_(other.sequence_) {}

Hook& Hook::operator=(Hook&& other) noexcept {
    if (this == &other) return *this;
    detach();
    ring_ = std::exchange(other.ring_, {});
    posted_ = other.posted_;
    abandoned_ = other.abandoned_;
    sequence_ = other.sequence_;
    return *this;
}

Hook::~Hook() {
    detach();
}

// Only where the ring is still the one that was attached to: after a withdrawal nothing of it is
// ours (and the hook keeps the pages for as long as `attached` says so, so it is at most LEAVING).
void Hook::detach() {
    if (ring_.memory == nullptr) return;
    if (load(engine()->attached) == ring_.header.load) store(engine()->attached, uint64_t{0});
    ring_.memory = nullptr;
}

DefibHookRequest* Hook::request_at(uint32_t slot) const {
    return reinterpret_cast<DefibHookRequest*>(ring_.memory + ring_.header.requests_at) + slot;
}

DefibHookAnswer* Hook::answer_at(uint32_t slot) const {
    return reinterpret_cast<DefibHookAnswer*>(ring_.memory + ring_.header.answers_at) + slot;
}

DefibHookEngine* Hook::engine() const {
    return reinterpret_cast<DefibHookEngine*>(ring_.memory + ring_.header.engine_at);
}

DefibHookState Hook::state() const {
    const auto* header = reinterpret_cast<const DefibHookHeader*>(ring_.memory);
    if (load(header->load) != ring_.header.load) return DEFIB_HOOK_STATE_NONE;
    return static_cast<DefibHookState>(load(header->state));
}

void Hook::write(uint32_t slot, const HookRequest& request) {
    DefibHookRequest& there = *request_at(slot);
    // 0 says "never used", and a number that the slot has had is no new request: an engine before
    // this one may have used it.
    do {
        ++sequence_;
    } while (sequence_ == 0 || sequence_ == load(there.sequence) ||
             sequence_ == load(answer_at(slot)->sequence));
    DefibHookRequest next{};
    next.sequence = sequence_;
    next.kind = request.kind;
    next.cpu = request.cpu;
    next.attempts = request.attempts;
    std::ranges::copy(request.arguments, std::begin(next.arguments));
    next.sum = defib_hook_request_sum(&next, ring_.header.load, slot);

    store(there.kind, next.kind);
    store(there.cpu, next.cpu);
    store(there.attempts, next.attempts);
    for (size_t i = 0; i < DEFIB_HOOK_ARGUMENTS; i++) {
        store(there.arguments[i], next.arguments[i]);
    }
    store(there.sum, next.sum);
    store(there.sequence, next.sequence);
    posted_[slot] = next.sequence;
}

Result<uint32_t> Hook::post(const HookRequest& request) {
    if (state() != DEFIB_HOOK_STATE_SERVING) {
        return fail(DEFIB_ERROR_HOOK_NO_ANSWER, "hook", "it does not serve any more");
    }
    for (uint32_t slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
        if (abandoned_[slot] && answer(slot)) abandoned_[slot] = false;
    }
    const auto free = std::ranges::find(posted_, 0U);
    if (free == posted_.end()) return fail(DEFIB_ERROR_HOOK_FULL, "hook");
    const auto slot = static_cast<uint32_t>(free - posted_.begin());
    write(slot, request);
    return slot;
}

std::optional<DefibHookAnswer> Hook::answer(uint32_t slot) {
    if (posted_[slot] == 0 || load(answer_at(slot)->sequence) != posted_[slot]) return {};
    posted_[slot] = 0;
    return copy_words(*answer_at(slot));
}

Result<DefibHookAnswer> Hook::ask(const HookRequest& request, milliseconds within) {
    const auto slot = post(request);
    if (!slot) return std::unexpected(slot.error());
    const auto deadline = Clock::now() + within;
    do {
        if (auto found = answer(*slot)) return *found;
        std::this_thread::sleep_for(PAUSE);
    } while (Clock::now() < deadline);
    // The slot is free again once this is answered; what it replaces may be answered before.
    abandoned_[*slot] = true;
    if (state() == DEFIB_HOOK_STATE_SERVING) write(*slot, {});
    return fail(DEFIB_ERROR_HOOK_NO_ANSWER, fmt::format("request {}", request.kind),
                fmt::format("none within {} ms", within.count()));
}

std::optional<DefibHookBeat> Hook::beat(uint32_t cpu) const {
    if (cpu >= ring_.header.cpus) return {};
    const auto& beat =
        reinterpret_cast<const DefibHookBeat*>(ring_.memory + ring_.header.beats_at)[cpu];
    const uint32_t ended = load(beat.ended);
    DefibHookBeat copy = copy_words(beat);
    if (ended == 0 || load(beat.begun) != ended || copy.ended != ended) return {};
    return copy;
}

void Hook::set_period(std::chrono::microseconds period) {
    store(engine()->period_us, static_cast<uint32_t>(period.count()));
}

}  // namespace defib::boot
