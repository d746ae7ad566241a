// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine on a GPU: the loop of engine/runtime as one program that never returns, beside the
// machine that it guards. This process only starts it, posts commands, and looks now and then
// whether it still turns; stopped, it is not missed.
#ifndef DEFIB_BOOT_BACKEND_CUDA_CUDA_ENGINE_H
#define DEFIB_BOOT_BACKEND_CUDA_CUDA_ENGINE_H

#include <memory>

#include "boot/backend/cuda/program.h"
#include "boot/backend/cuda/window.h"
#include "boot/backend/engine.h"
#include "boot/binder/bind.h"

namespace defib::boot::cuda {

class CudaEngine final : public Engine {
  public:
    static Result<std::unique_ptr<CudaEngine>> start(const ClaimPointer& claim,
                                                     std::string_view code, SeenWindow window,
                                                     const DefibKernelMap& map, const Bound& bound);
    // Has the loop finish what it does and end, then gives everything back.
    ~CudaEngine() override;

    Result<DefibAnswer> carry_out(const DefibCommand& command) override;
    Result<uint64_t> heartbeat() override;
    const DefibJournal& journal() const override;
    std::string name() const override;

    // Where command and answer lie, for whoever speaks with the loop while this process stands.
    DefibMailbox& mailbox();

  private:
    explicit CudaEngine(ClaimPointer claim) : claim_(std::move(claim)) {}
    Result<void> make_room(const Program& program);
    Result<void> fill(const DefibKernelMap& map, const Bound& bound);
    Result<void> launch();
    std::unexpected<Error> dead(Status status) const;

    ClaimPointer claim_;
    SeenWindow window_;
    Program program_;
    SharedMemory mailbox_;
    SharedMemory journal_;
    SharedMemory records_;
    DeviceMemory engine_;
    DeviceMemory target_;
    DeviceMemory team_;
    DeviceMemory crew_;
    DeviceMemory chunks_;
    DeviceMemory arena_;
    DeviceMemory pool_tags_;
    DeviceMemory pool_words_;
    DeviceMemory worker_records_;
    DeviceMemory objects_;
    DeviceMemory replica_records_;
    Stream stream_;
    bool runs_ = false;
};

}  // namespace defib::boot::cuda

#endif
