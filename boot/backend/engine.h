// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_ENGINE_H
#define DEFIB_BOOT_BACKEND_ENGINE_H

#include <string>

#include "engine/abi/engine.h"
#include "engine/base/result.h"

namespace defib::boot {

// An engine that was started for one target, wherever it runs.
class Engine {
  public:
    Engine() = default;
    virtual ~Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Posts the command and waits for the answer. The answer's records stay valid until the next
    // command. An error: the engine itself is dead.
    virtual Result<DefibAnswer> carry_out(const DefibCommand& command) = 0;

    // Turns of the loop so far; an error: it turns no more, and why.
    virtual Result<uint64_t> heartbeat() = 0;

    virtual const DefibJournal& journal() const = 0;

    // For people: "this processor", "NVIDIA T400 (GPU-...)".
    virtual std::string name() const = 0;
};

}  // namespace defib::boot

#endif
