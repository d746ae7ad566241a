// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/backend.h"

#include "boot/backend/cpu_engine.h"
#include "boot/backend/cuda/cuda_engine.h"

namespace defib::boot {
namespace {

Result<std::unique_ptr<Engine>> start_on_gpu(const cuda::ClaimPointer& claim,
                                             const EngineTarget& target, std::string_view code) {
    auto window = target.is_live ? cuda::register_window(claim, target.window, target.may_write)
                                 : cuda::copy_window(claim, target.window, target.data);
    if (!window) return std::unexpected(window.error());
    return cuda::CudaEngine::start(claim, code, std::move(*window), target.map, target.bound);
}

}  // namespace

Result<std::unique_ptr<Engine>> start_engine(const BackendChoice& choice,
                                             const EngineTarget& target,
                                             std::string_view gpu_code) {
    if (choice.backend != Backend::cpu) {
        const auto claim = cuda::Claim::take(choice.gpu);
        if (claim) return start_on_gpu(*claim, target, gpu_code);
        if (choice.backend == Backend::cuda) return std::unexpected(claim.error());
    }
    return std::make_unique<CpuEngine>(target.window, target.map, target.bound);
}

}  // namespace defib::boot
