// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_CPU_ENGINE_H
#define DEFIB_BOOT_BACKEND_CPU_ENGINE_H

#include <memory>

#include "boot/binder/bind.h"
#include "engine/abi/engine.h"
#include "engine/base/result.h"

namespace defib::boot {

// The engine's twin on this processor: the same routines, the same runtime, the same mailbox,
// turned by the caller's own thread.
class CpuEngine {
  public:
    // `binding` and `routines` come from the binder, window and map from the found kernel.
    CpuEngine(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound);

    // Posts the command and turns until it is answered. The answer's records stay valid until the
    // next command.
    DefibAnswer carry_out(const DefibCommand& command);

    DefibEngine& state() { return *engine_; }
    const DefibJournal& journal() const { return *journal_; }

  private:
    std::unique_ptr<DefibTarget> target_;
    std::unique_ptr<DefibMailbox> mailbox_;
    std::unique_ptr<DefibJournal> journal_;
    std::unique_ptr<uint64_t[]> records_;
    std::unique_ptr<uint64_t[]> objects_;
    std::unique_ptr<uint64_t[]> replica_records_;
    std::unique_ptr<DefibEngine> engine_;
};

}  // namespace defib::boot

#endif
