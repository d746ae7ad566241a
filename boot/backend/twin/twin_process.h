// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The twin in a process of its own, as if it were another processor: it has the window and the
// engine's memory, no file, no capability, and five system calls. Whoever started it sees the
// engine's mailbox and journal and need not have the window any more.
//
// What is different from a GPU, and stays so: the window is mapped in this process, since somebody
// has to read it. A fault in the twin's own code could therefore reach all of the target; on a GPU
// the window is mapped on the card, and on the host in no process at all.
#ifndef DEFIB_BOOT_BACKEND_TWIN_TWIN_PROCESS_H
#define DEFIB_BOOT_BACKEND_TWIN_TWIN_PROCESS_H

#include <functional>
#include <span>
#include <utility>

#include "boot/backend/child.h"
#include "boot/backend/engine_state.h"
#include "boot/backend/twin/twin_code.h"
#include "boot/target/mapping.h"

namespace defib::boot {

class TwinProcess {
  public:
    // The target's memory: where it lies for this process, and how the new one comes to have it.
    struct Window {
        std::span<const Bytes> bytes;
        std::function<Result<void>()> take;
    };
    // Of a file that is mapped here: the same mapping, which may be written with Access::act.
    static Window inherited(std::span<const Bytes> bytes, Access access);

    // Comes back when the loop has turned for the first time.
    static Result<TwinProcess> start(const TwinCode& code, EngineState& state,
                                     const Window& window);

    int pidfd() const { return child_.pidfd(); }
    pid_t pid() const { return child_.pid(); }

  private:
    explicit TwinProcess(Child child) : child_(std::move(child)) {}

    Child child_;
};

// One command, in this process: for the self-test.
DefibAnswer carry_out_here(const TwinCode& code, EngineState& state, const DefibCommand& command);

}  // namespace defib::boot

#endif
