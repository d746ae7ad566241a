// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_CPU_ENGINE_H
#define DEFIB_BOOT_BACKEND_CPU_ENGINE_H

#include <memory>

#include "boot/backend/engine.h"
#include "boot/binder/bind.h"

namespace defib::boot {

// The engine's twin on this processor: the same routines, the same runtime, the same mailbox,
// turned by the caller's own thread.
class CpuEngine final : public Engine {
  public:
    // `binding` and `routines` come from the binder, window and map from the found kernel.
    CpuEngine(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound);

    // Turns until the command is answered.
    Result<DefibAnswer> carry_out(const DefibCommand& command) override;
    Result<void> guard(const DefibResponder& responder) override;
    Result<Tended> tend() override;
    void tell_to_stop() override;
    Result<void> restart() override;
    Result<uint64_t> heartbeat() override { return mailbox_->heartbeat; }
    const DefibJournal& journal() const override { return *journal_; }
    double ns_a_tick() const override;
    std::string name() const override { return "this processor"; }

    DefibEngine& state() { return *engine_; }
    const DefibEngine& state() const { return *engine_; }

  private:
    std::unique_ptr<DefibTarget> target_;
    std::unique_ptr<DefibMailbox> mailbox_;
    std::unique_ptr<DefibJournal> journal_;
    std::unique_ptr<uint64_t[]> records_;
    std::unique_ptr<uint64_t[]> objects_;
    std::unique_ptr<uint64_t[]> replica_records_;
    std::unique_ptr<DefibResponder> responder_;  // null: it does what it is told
    std::unique_ptr<DefibEngine> engine_;
    bool has_stopped_ = false;
    uint64_t start_ns_;
    uint64_t start_ticks_;
};

}  // namespace defib::boot

#endif
