// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything that an engine keeps, in one mapping: so that another process, or a GPU, can be given
// all of it and nothing else. Who runs the engine is not decided here.
#ifndef DEFIB_BOOT_BACKEND_ENGINE_STATE_H
#define DEFIB_BOOT_BACKEND_ENGINE_STATE_H

#include "boot/binder/bind.h"
#include "engine/abi/engine.h"
#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::boot {

// Room for the records of a view's answer.
inline constexpr uint32_t RECORDS_TO_LOOK = 64U << 20;  // 30,000 processes with 400 bytes, and room
inline constexpr uint32_t RECORDS_TO_GUARD = 64U << 10;  // a guard is asked little
inline constexpr uint32_t RECORDS_TO_SERVE = 16U << 20;  // unless remotes ask; all of it is locked

class EngineState {
  public:
    // What is not written is not allocated. `record_bytes` is a multiple of 8.
    static Result<EngineState> reserve(uint32_t record_bytes);
    // The binding and the routines come from the binder, window and map from the found kernel.
    void load(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound);

    EngineState(EngineState&& other) noexcept;
    EngineState& operator=(EngineState&&) = delete;
    ~EngineState();

    DefibEngine& engine() const { return *engine_; }
    // What the engine finds and repairs by; before its start.
    DefibResponder& use_policy(const DefibPolicy& policy);

    DefibMailbox& mailbox() const { return *engine_->mailbox; }
    DefibJournal& journal() const { return *engine_->journal; }

    // The mapping, page aligned; a child that is forked sees the same memory.
    Bytes memory() const { return memory_; }

  private:
    EngineState() = default;

    Bytes memory_;
    DefibEngine* engine_ = nullptr;
    DefibResponder* responder_ = nullptr;  // room for one
};

// The monotonic clock: what the engine is given as its own.
uint64_t now_ns();
// The time of day, as a journal and its readers know it.
uint64_t wall_ns();

}  // namespace defib::boot

#endif
