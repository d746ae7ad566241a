// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands from the process that answers remotes to the engine. It has the engine's memory to read
// alone: what it wants it writes here, and the supervisor posts it, if it is one that it may want.
#ifndef DEFIB_BOOT_APPLIANCE_RELAY_H
#define DEFIB_BOOT_APPLIANCE_RELAY_H

#include <atomic>
#include <cstdint>

#include "boot/backend/engine.h"
#include "boot/backend/engine_state.h"
#include "engine/abi/remote.h"

namespace defib::boot {

enum class MayAct : uint8_t { no, yes };

class Relay {
  public:
    // Memory that a child which is forked shares.
    static Result<Relay> make(MayAct may_act);
    Relay(Relay&& other) noexcept;
    Relay& operator=(Relay&&) = delete;
    ~Relay();

    // The supervisor's: what was asked goes to the engine, what it answered comes back. Waits for
    // nobody and allocates nothing.
    void step(DefibMailbox& mailbox, uint64_t now_ns);
    // Somebody has asked within the last seconds.
    bool is_busy(uint64_t now_ns) const { return now_ns < busy_until_ns_; }

    // The other process's: how many requests it has answered so.
    void count(size_t status, uint64_t answered) const;
    uint64_t answered(size_t status) const;

    // An engine as that process has it: every command goes through here.
    std::unique_ptr<Engine> engine(const EngineState& state) const;

  private:
    struct Shared;
    explicit Relay(MayAct may_act) : may_act_(may_act) {}
    bool is_allowed(const DefibCommand& command) const;

    friend class RelayedEngine;
    Shared* shared_ = nullptr;
    MayAct may_act_;
    uint32_t taken_ = 0;
    bool is_in_hand_ = false;
    uint64_t busy_until_ns_ = 0;
};

}  // namespace defib::boot

#endif
