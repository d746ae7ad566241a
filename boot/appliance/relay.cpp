// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/relay.h"

#include <sys/mman.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "engine/runtime/mailbox.h"

namespace defib::boot {

struct Relay::Shared {
    std::atomic<uint32_t> asked;
    std::atomic<uint32_t> answered;
    DefibCommand command;
    DefibAnswer answer;
    std::array<std::atomic<uint64_t>, DEFIB_REMOTE_STATUSES> counts;
};

class RelayedEngine final : public Engine {
  public:
    RelayedEngine(Relay::Shared& shared, const EngineState& state)
        : shared_(shared), state_(state) {}

    Result<DefibAnswer> carry_out(const DefibCommand& command) override {
        constexpr uint64_t MOST_NS = 10'000'000'000;
        constexpr timespec MOMENT = {0, 200'000};
        shared_.command = command;
        const uint32_t number = shared_.asked.fetch_add(1, std::memory_order_release) + 1;
        const uint64_t deadline = now_ns() + MOST_NS;
        while (shared_.answered.load(std::memory_order_acquire) != number) {
            if (now_ns() > deadline) {
                return fail(DEFIB_ERROR_BOOT_ENGINE, "the engine", "it does not answer");
            }
            clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
        }
        DefibAnswer answer = shared_.answer;
        // A GPU counts from its own address of the same pages.
        answer.records.bytes = state_.engine().records.bytes;
        return answer;
    }
    Result<uint64_t> heartbeat() override { return state_.mailbox().heartbeat; }
    const DefibJournal& journal() const override { return state_.journal(); }
    double ns_a_tick() const override { return 1; }
    std::string name() const override { return "the guard's engine"; }

    // Whoever has started the engine keeps it going; who answers remotes has no part in that.
    Result<void> guard(const DefibResponder&) override { return not_here(); }
    Result<Tended> tend() override { return std::unexpected(not_here().error()); }
    void tell_to_stop() override {}
    Result<void> restart() override { return not_here(); }

  private:
    static Result<void> not_here() {
        return fail(DEFIB_ERROR_BOOT_ENGINE, "the engine", "it is the supervisor's");
    }

    Relay::Shared& shared_;
    const EngineState& state_;
};

Result<Relay> Relay::make(MayAct may_act) {
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "--serve", std::strerror(errno));
    }
    Relay relay(may_act);
    relay.shared_ = new (memory) Shared();
    return relay;
}

Relay::Relay(Relay&& other) noexcept
    : shared_(std::exchange(other.shared_, nullptr)), may_act_(other.may_act_) {}

Relay::~Relay() {
    if (shared_ != nullptr) munmap(shared_, sizeof(Shared));
}

bool Relay::is_allowed(const DefibCommand& command) const {
    switch (command.kind) {
        case DEFIB_COMMAND_VIEW:
        case DEFIB_COMMAND_OBSERVE:
        case DEFIB_COMMAND_STATISTICS:
            return true;
        case DEFIB_COMMAND_ACT:
        // It shows what stands at addresses of somebody's choice.
        case DEFIB_COMMAND_PLAN:
            return may_act_ == MayAct::yes;
        default:
            return false;
    }
}

void Relay::step(DefibMailbox& mailbox, uint64_t now_ns) {
    constexpr uint64_t BUSY_NS = 2'000'000'000;
    if (is_in_hand_) {
        if (!runtime::is_answered(mailbox)) return;
        shared_->answer = mailbox.answer;
        shared_->answered.store(taken_, std::memory_order_release);
        is_in_hand_ = false;
    }
    const uint32_t asked = shared_->asked.load(std::memory_order_acquire);
    if (asked == taken_) return;
    taken_ = asked;
    busy_until_ns_ = now_ns + BUSY_NS;
    // Whatever the other process writes from here on, this is what is looked at.
    const DefibCommand command = shared_->command;
    if (!is_allowed(command)) {
        DefibAnswer refused{};
        refused.outcome = DEFIB_OUTCOME_REFUSED;
        shared_->answer = refused;
        shared_->answered.store(taken_, std::memory_order_release);
        return;
    }
    runtime::post(mailbox, command);
    is_in_hand_ = true;
}

void Relay::count(size_t status, uint64_t answered) const {
    shared_->counts[status].store(answered, std::memory_order_relaxed);
}

uint64_t Relay::answered(size_t status) const {
    return shared_->counts[status].load(std::memory_order_relaxed);
}

std::unique_ptr<Engine> Relay::engine(const EngineState& state) const {
    return std::make_unique<RelayedEngine>(*shared_, state);
}

}  // namespace defib::boot
