// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest that carries the hook, and what a test needs to speak with it from outside: the ring, and
// the guest's kernel memory by its own addresses.
#ifndef DEFIB_TESTS_HOOK_HOOKED_GUEST_H
#define DEFIB_TESTS_HOOK_HOOKED_GUEST_H

#include <optional>
#include <string>

#include "boot/find/kernel.h"
#include "boot/hook/hook.h"
#include "tests/lab/guest.h"

namespace defib::hook_test {

// The module built for that kernel.
Result<std::filesystem::path> hook_module(const lab::Kernel& kernel);

// A task as a request names it.
struct Task {
    uint64_t address = 0;
    uint64_t pid = 0;
    uint64_t start_time = 0;
};

class HookedGuest {
  public:
    // Loads the module into a guest and finds its ring from outside.
    static Result<HookedGuest> load(lab::Guest& guest, const std::string& parameters);

    boot::Hook& hook() { return *hook_; }
    boot::KernelMemory& memory() { return *memory_; }
    // Of a symbol of the kernel itself.
    uint64_t address_of(const std::string& symbol) const;
    std::optional<Task> find_task(uint64_t pid);

    // Asks, and gives the status; with `value` the first word of the answer.
    uint32_t ask(const boot::HookRequest& request, uint64_t* value = nullptr);

    // For a module that is loaded again.
    void detach() { hook_.reset(); }
    Result<void> attach();

  private:
    HookedGuest() = default;

    std::unique_ptr<boot::Target> target_;        // for the kernel and its memory
    std::unique_ptr<boot::Target> rings_target_;  // for the ring; goes after hook_
    std::optional<boot::Kernel> kernel_;
    layouts::Layout layout_;
    std::optional<boot::KernelMemory> memory_;
    std::optional<boot::Hook> hook_;
};

// Unloads it; the call returns when it is gone.
Result<void> unload(lab::Guest& guest);

// Brings the program that tries the memory window (window_probe.c) into the guest.
Result<std::string> push_window_probe(lab::Guest& guest);

}  // namespace defib::hook_test

#endif
