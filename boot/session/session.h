// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A session with a target: open its memory, find its kernel, prove that the layout is its own, bind
// the routines, start the engine. In that order; each step trusts only what the ones before have
// proved.
#ifndef DEFIB_BOOT_SESSION_SESSION_H
#define DEFIB_BOOT_SESSION_SESSION_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boot/backend/backend.h"
#include "boot/backend/cpu_engine.h"
#include "boot/find/kernel.h"
#include "boot/hook/hook.h"
#include "boot/session/record.h"
#include "boot/target/target.h"
#include "engine/abi/reason.h"

namespace defib::boot {

// The routines that are compiled into the program.
struct RoutineSet {
    std::string_view manifest;  // JSON
    cuda::GpuCode gpu_code;
};
RoutineSet routine_set();

struct SessionOptions {
    std::string target;      // "vm:FILE", "core:FILE"
    layouts::Layout layout;  // said to be the target's kernel's; it must prove to be
    Access access = Access::look;
    BackendChoice backend = {};
};

// Of an engine that somebody else has started, for a target whose memory is not here.
struct SessionParts {
    Target target;
    Kernel kernel;
    layouts::Layout layout;
    Manifest manifest;
    Bound bound;
    std::unique_ptr<Engine> engine;
};

// What a view found. The records stay valid until the session's next command.
struct Seen {
    DefibAnswer answer;
    std::vector<SeenRecord> records;
};

// In their order; they lie where the answer says.
std::vector<SeenRecord> records_of(const DefibAnswer& answer);

class Session {
  public:
    static Result<std::unique_ptr<Session>> start(SessionOptions options,
                                                  const RoutineSet& routines);
    // The engine detaches from the ring: the module may then give its memory back.
    ~Session();

    // Nothing is opened, found or proved here: whoever started the engine has.
    static std::unique_ptr<Session> over(SessionParts parts);

    // Runs a view over what a collector finds; with an empty name over what its source names, and
    // once where that names none. Arguments follow the object's address.
    Result<Seen> view(std::string_view name, std::string_view collector = {},
                      std::span<const uint64_t> arguments = {});

    // Carries out a repair's chain, once. The records are its stores (DEFIB_RECORD_STORE) and what
    // the routines reported.
    Result<Seen> act(uint32_t routine, std::span<const uint64_t> arguments);
    // What that would come to, of a session that may act too: the records are its wanted stores.
    Result<Seen> plan(uint32_t routine, std::span<const uint64_t> arguments);
    // Whether its effect is there; without an observer: yes.
    Result<DefibEffect> observe(uint32_t routine, std::span<const uint64_t> arguments);
    // Shows the engine where the kernel module's ring is, unless it has one that serves. False:
    // there is none that beats.
    Result<bool> find_hook(std::chrono::milliseconds beats_within);
    // The engine has detached, or is a new one.
    void forget_hook() { ring_.reset(); }
    // Whether the routine, or one that follows it, can be carried out by it.
    bool knows_hook(uint32_t routine) const;
    // Is told of each command and its answer from now on, the records being still there.
    using Listener = std::function<void(const DefibCommand&, const DefibAnswer&)>;
    void listen(Listener listener) { listener_ = std::move(listener); }
    // How long what takes (engine/abi/statistics.h); the records are as the engine counts them.
    Result<Seen> statistics();
    // Its number, or why it is off.
    Result<uint32_t> routine_that_is_on(std::string_view name) const;

    const Target& target() const { return target_; }
    const Kernel& kernel() const { return kernel_; }
    const Identity& identity() const { return *identity_; }
    const layouts::Layout& layout() const { return layout_; }
    const Manifest& manifest() const { return manifest_; }
    const Bound& bound() const { return bound_; }
    Engine& engine() { return *engine_; }
    // Where the engine runs in this process: its state is here to be set up. Null: it is on a GPU.
    CpuEngine* twin() { return dynamic_cast<CpuEngine*>(engine_.get()); }
    const CpuEngine* twin() const { return dynamic_cast<const CpuEngine*>(engine_.get()); }

  private:
    Session() = default;
    std::optional<FoundRing> look_for_ring(std::chrono::milliseconds beats_within);
    Result<void> open(const SessionOptions& options, const RoutineSet& routines);
    Result<Seen> carry_out(const DefibCommand& command);
    Result<Seen> act_or_plan(DefibCommandKind kind, uint32_t routine,
                             std::span<const uint64_t> arguments);

    Target target_;
    Kernel kernel_;
    std::optional<Identity> identity_;
    layouts::Layout layout_;
    Manifest manifest_;
    Bound bound_;
    std::unique_ptr<Engine> engine_;
    Listener listener_;
    // A ring may lie where the memory's file had a hole when the target was opened.
    std::optional<Target> opened_for_ring_;
    std::optional<FoundRing> ring_;  // that the engine was shown
};

}  // namespace defib::boot

#endif
