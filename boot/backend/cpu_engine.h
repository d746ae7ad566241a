// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_CPU_ENGINE_H
#define DEFIB_BOOT_BACKEND_CPU_ENGINE_H

#include "boot/backend/engine_state.h"

namespace defib::boot {

// The engine's twin on this processor, as it is linked into this program: the same routines, the
// same runtime, the same mailbox, turned by the caller's own thread.
class CpuEngine {
  public:
    explicit CpuEngine(EngineState state);

    // Posts the command and turns until it is answered. The answer's records stay valid until the
    // next command.
    DefibAnswer carry_out(const DefibCommand& command);

    DefibEngine& state() { return state_.engine(); }
    const DefibJournal& journal() const { return state_.journal(); }

  private:
    EngineState state_;
};

}  // namespace defib::boot

#endif
