// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_ENGINE_H
#define DEFIB_BOOT_BACKEND_ENGINE_H

#include <string>

#include "engine/abi/engine.h"
#include "engine/base/result.h"

namespace defib::boot {

// What a look at the running loop came to.
struct Tended {
    bool has_stopped = false;  // it was told to
    uint64_t again_ns = 0;     // when to look next, by this machine's monotonic clock
};

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

    // Starts the loop anew, with what it shall find and repair by.
    virtual Result<void> guard(const DefibResponder& responder) = 0;

    // Keeps the loop going: turns it once where it has no processor of its own, and else looks
    // whether it turns. An error: it turns no more, and why.
    virtual Result<Tended> tend() = 0;

    // Tells the loop to stop, once what it has in hand is done. tend() says when it has.
    virtual void tell_to_stop() = 0;

    // After it died: the same again. The journal goes on, with an entry that says so.
    virtual Result<void> restart() = 0;

    // Turns of the loop so far; an error: it turns no more, and why.
    virtual Result<uint64_t> heartbeat() = 0;

    virtual const DefibJournal& journal() const = 0;

    // What a tick of its statistics is.
    virtual double ns_a_tick() const = 0;

    // For people: "this processor", "NVIDIA T400 (GPU-...)".
    virtual std::string name() const = 0;
};

}  // namespace defib::boot

#endif
