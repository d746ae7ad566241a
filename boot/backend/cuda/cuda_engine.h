// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine on a GPU: the loop of engine/runtime as one program that never returns, beside the
// machine that it guards. This process only starts it, posts commands, and looks now and then
// whether it still turns; stopped, it is not missed.
//
// What lies in the card's memory (CardRoom) goes when the loop dies, and the claim with it: a
// program that faulted takes its context along. Mailbox, journal and records are pages of this
// process and stay.
#ifndef DEFIB_BOOT_BACKEND_CUDA_CUDA_ENGINE_H
#define DEFIB_BOOT_BACKEND_CUDA_CUDA_ENGINE_H

#include <functional>
#include <memory>
#include <optional>

#include "boot/backend/cuda/card_room.h"
#include "boot/backend/cuda/program.h"
#include "boot/backend/cuda/window.h"
#include "boot/backend/engine.h"
#include "boot/binder/bind.h"

namespace defib::boot::cuda {

// Memory for what both sides see, that somebody else has and keeps: whole pages each.
struct Pages {
    DefibMailbox* mailbox = nullptr;
    DefibJournal* journal = nullptr;
    DefibRecords records = {};
};

// What an engine is started with; kept for starting it again.
// -Wmissing-designated-field-initializers wants an initializer for each field.
// NOLINTBEGIN(readability-redundant-member-init)
struct Orders {
    std::string gpu = {};  // as it was asked for
    GpuCode code = {};
    std::shared_ptr<const Program> program = {};  // the code, where it is loaded already
    DefibWindow window{};
    bool is_live = true;
    bool may_write = false;
    Backing backing = Backing::pages;
    std::span<const Bytes> data = {};  // of a dump
    DefibKernelMap map{};
    Bound bound = {};
    const DefibResponder* responder = nullptr;  // what it guards by, from its first turn on
    std::optional<Pages> pages = {};            // nothing: pages of the engine's own
    // The card has the target's memory; nothing runs on it yet.
    std::function<Result<void>()> once_registered = {};
};
// NOLINTEND(readability-redundant-member-init)

class CudaEngine final : public Engine {
  public:
    static Result<std::unique_ptr<CudaEngine>> start(ClaimPointer claim, Orders orders);
    // Has the loop finish what it does and end, then gives everything back.
    ~CudaEngine() override;

    Result<DefibAnswer> carry_out(const DefibCommand& command) override;
    Result<void> guard(const DefibResponder& responder) override;
    Result<Tended> tend() override;
    void tell_to_stop() override;
    Result<void> restart() override;
    Result<uint64_t> heartbeat() override;
    const DefibJournal& journal() const override;
    double ns_a_tick() const override { return 1; }
    std::string name() const override;

    // Where command and answer lie, for whoever speaks with the loop while this process stands.
    DefibMailbox& mailbox();

  private:
    CudaEngine(ClaimPointer claim, Orders orders);
    Result<void> take_pages();
    Result<void> take_target();
    Result<void> take_program();
    Result<void> run();
    Result<void> launch();
    bool wait_for_end();
    bool beats() const;
    void let_go();
    std::unexpected<Error> dead(Status status) const;

    Orders orders_;
    std::unique_ptr<DefibResponder> responder_;  // null: it does what it is told
    ClaimPointer claim_;
    // Pages of this process.
    SharedMemory mailbox_;
    SharedMemory journal_;
    SharedMemory records_;
    uint32_t record_bytes_ = RECORDS;
    // The card's, gone with a loop that died.
    SeenWindow window_;
    std::shared_ptr<const Program> program_;
    std::optional<CardRoom> room_;
    Stream stream_;
    bool runs_ = false;
    bool is_told_to_stop_ = false;
    uint64_t tended_to_ = 0;  // what the journal held at the last look
};

}  // namespace defib::boot::cuda

#endif
