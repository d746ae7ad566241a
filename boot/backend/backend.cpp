// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/backend.h"

#include "boot/backend/cpu_engine.h"
#include "boot/backend/cuda/cuda_engine.h"

namespace defib::boot {

Result<std::unique_ptr<Engine>> start_engine(const BackendChoice& choice,
                                             const EngineTarget& target,
                                             const cuda::GpuCode& gpu_code) {
    if (choice.backend != Backend::cpu) {
        const auto claim = cuda::Claim::take(choice.gpu);
        if (claim) {
            return cuda::CudaEngine::start(*claim, {.gpu = choice.gpu,
                                                    .code = gpu_code,
                                                    .window = target.window,
                                                    .is_live = target.is_live,
                                                    .may_write = target.may_write,
                                                    .data = target.data,
                                                    .map = target.map,
                                                    .bound = target.bound});
        }
        if (choice.backend == Backend::cuda) return std::unexpected(claim.error());
    }
    return std::make_unique<CpuEngine>(target.window, target.map, target.bound);
}

}  // namespace defib::boot
