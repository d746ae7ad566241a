// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/engine_state.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "engine/runtime/translate.h"

namespace defib::boot {
namespace {

constexpr uint64_t ALIGNMENT = 4096;

// Adds up first, gives out afterwards: both passes ask for the same things in the same order.
class Arena {
  public:
    explicit Arena(std::byte* start) : start_(start) {}

    std::byte* take(uint64_t size) {
        std::byte* place = start_ == nullptr ? nullptr : start_ + used_;
        used_ += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return place;
    }
    template <class T>
    T* take() {
        std::byte* place = take(sizeof(T));
        return place == nullptr ? nullptr : new (place) T();
    }
    uint64_t used() const { return used_; }

  private:
    std::byte* start_;
    uint64_t used_ = 0;
};

DefibEngine* lay_out(Arena& arena, uint32_t record_bytes) {
    auto* engine = arena.take<DefibEngine>();
    auto* target = arena.take<DefibTarget>();
    auto* mailbox = arena.take<DefibMailbox>();
    auto* journal = arena.take<DefibJournal>();
    auto* responder = arena.take<DefibResponder>();
    std::byte* objects = arena.take(static_cast<uint64_t>(DEFIB_OBJECT_ROOM) * 2);
    std::byte* replica_records = arena.take(uint64_t{DEFIB_REPLICAS} * DEFIB_REPLICA_RECORDS);
    std::byte* records = arena.take(record_bytes);
    if (engine == nullptr) return nullptr;
    engine->abi_version = DEFIB_ABI_VERSION;
    engine->responder = responder;
    engine->target = target;
    engine->mailbox = mailbox;
    engine->journal = journal;
    engine->records = {reinterpret_cast<uint64_t>(records), record_bytes, 0, 0, 0};
    engine->objects = reinterpret_cast<uint64_t*>(objects);
    engine->replica_records = reinterpret_cast<uint64_t>(replica_records);
    return engine;
}

}  // namespace

Result<EngineState> EngineState::reserve(uint32_t record_bytes) {
    Arena sizes(nullptr);
    lay_out(sizes, record_bytes);
    void* memory =
        mmap(nullptr, sizes.used(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, "the engine's memory", std::strerror(errno));
    }
    EngineState state;
    state.memory_ = {static_cast<std::byte*>(memory), sizes.used()};
    Arena arena(static_cast<std::byte*>(memory));
    state.engine_ = lay_out(arena, record_bytes);
    state.responder_ = std::exchange(state.engine_->responder, nullptr);
    return state;
}

void EngineState::load(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound) {
    DefibTarget& target = *engine_->target;
    target.window = window;
    target.map = map;
    target.binding = bound.binding;
    runtime::prepare(target);
    const size_t count = std::min<size_t>(bound.routines.size(), DEFIB_ROUTINES);
    for (size_t i = 0; i < count; i++) engine_->routines[i] = bound.routines[i].routine;
}

EngineState::EngineState(EngineState&& other) noexcept
    : memory_(std::exchange(other.memory_, {})),
      engine_(std::exchange(other.engine_, nullptr)),
      responder_(std::exchange(other.responder_, nullptr)) {}

DefibResponder& EngineState::use_policy(const DefibPolicy& policy) {
    responder_->policy = policy;
    engine_->responder = responder_;
    return *responder_;
}

EngineState::~EngineState() {
    if (!memory_.empty()) munmap(const_cast<std::byte*>(memory_.data()), memory_.size());
}

namespace {

uint64_t ns_of(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t now_ns() {
    return ns_of(CLOCK_MONOTONIC);
}

uint64_t wall_ns() {
    return ns_of(CLOCK_REALTIME);
}

}  // namespace defib::boot
