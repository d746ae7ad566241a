// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The hook in a target's kernel, asked from outside: requests are written into its ring, in the
// target's memory, and answers read there (engine/abi/hook_ring.h). Nothing in the target runs for
// it but the hook.
//
//   auto target = Target::open("vm:FILE", Access::act);
//   auto kernel = find_kernel(*target);
//   auto identity = prove_identity(*target, *kernel, layout, Access::act);
//   auto hook = Hook::find(*target, *identity);
//   auto answer = hook->ask({.kind = DEFIB_HOOK_READ, .arguments = {address, 8}}, 1s);
//
// The engine has one producer for each ring, and so has this: one Hook for each ring at a time,
// used by one thread.
#ifndef DEFIB_BOOT_HOOK_HOOK_H
#define DEFIB_BOOT_HOOK_HOOK_H

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "boot/find/identity.h"
#include "boot/hook/words.h"
#include "boot/target/target.h"
#include "engine/abi/hook_ring.h"
#include "engine/base/result.h"

namespace defib::boot {

struct HookRequest {
    uint32_t kind = DEFIB_HOOK_NOTHING;
    uint32_t cpu = DEFIB_HOOK_ANY_CPU;
    uint32_t attempts = 100;
    std::array<uint64_t, DEFIB_HOOK_ARGUMENTS> arguments{};
};

// A ring that describes itself rightly: a copy of its header, and where it lies for this process.
struct FoundRing {
    DefibHookHeader header;
    std::byte* memory = nullptr;
};

// All in the target's memory. One that a kernel before a reboot left behind is among them.
std::vector<FoundRing> find_rings(const Target& target);

// Whether it is still that load of the module, and answers requests.
bool is_serving(const FoundRing& ring);

// Those of them that beat within that time, and serve.
std::vector<FoundRing> find_beating_rings(const Target& target, std::chrono::milliseconds within);

class Hook {
  public:
    // The ring that beats, and attaches to it: that is a store into the target, so its kernel's
    // identity must have been proved first, for who writes and by this opening of the target. It
    // must outlive the hook.
    static Result<Hook> find(const Target& target, const Identity& identity);

    Hook(Hook&& other) noexcept;
    Hook& operator=(Hook&& other) noexcept;
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;
    // Detaches: the hook may then give the ring's memory back.
    ~Hook();

    const DefibHookHeader& description() const { return ring_.header; }
    // As it is now: serving, leaving, panicked. NONE where the ring has gone.
    DefibHookState state() const;

    // Puts a request into a free slot, and gives the slot's number.
    Result<uint32_t> post(const HookRequest& request);
    // The answer to what was last posted in the slot, once it is there; the slot is then free.
    std::optional<DefibHookAnswer> answer(uint32_t slot);
    // Both, one after the other. Without an answer in time the request is replaced by one that
    // does nothing, if no CPU has taken it.
    Result<DefibHookAnswer> ask(const HookRequest& request, std::chrono::milliseconds within);

    // What a CPU last saw of itself; nothing where it is just being written.
    std::optional<DefibHookBeat> beat(uint32_t cpu) const;

    // How often a CPU shall look; 0: as the module was told.
    void set_period(std::chrono::microseconds period);

    // The ring's bytes, for a test that forges.
    std::span<std::byte> memory() const { return {ring_.memory, ring_.header.bytes}; }

  private:
    explicit Hook(const FoundRing& ring) : ring_(ring) {}
    void detach();
    void write(uint32_t slot, const HookRequest& request);
    DefibHookRequest* request_at(uint32_t slot) const;
    DefibHookAnswer* answer_at(uint32_t slot) const;
    DefibHookEngine* engine() const;

    FoundRing ring_;
    std::array<uint32_t, DEFIB_HOOK_SLOTS> posted_{};  // sequence numbers; 0: the slot is free
    std::array<bool, DEFIB_HOOK_SLOTS> abandoned_{};   // ask() waits for them no more
    uint32_t sequence_ = 0;
};

}  // namespace defib::boot

#endif
