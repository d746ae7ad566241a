// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The host's side of a GPU for defib-boot, as it is in the process that is for it alone
// (gpu_process.h). Its steps come in the order of a start: claim, self-test, launch, and then it
// stands still, for good.
//
// What runs on the card comes out of the verified image; in the program itself there is none.
#ifndef DEFIB_BOOT_BACKEND_CUDA_GPU_HOST_H
#define DEFIB_BOOT_BACKEND_CUDA_GPU_HOST_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boot/backend/cuda/cuda_engine.h"
#include "boot/backend/engine_state.h"
#include "boot/binder/manifest.h"
#include "boot/seal/seal.h"
#include "boot/target/target.h"

namespace defib::boot::cuda {

// An image's part for GPUs, "sm_90", if it is for a generation of them that this program knows.
std::optional<Cubin> code_for_generation(std::string_view name, std::string_view code);

// The newest text that this card can run; null: none.
const Cubin* newest_text(std::span<const Cubin> texts, const Device& device);

// What a GPU is claimed and started for. Everything that is pointed to was there before the
// process was; `state` is loaded meanwhile, in memory that both share.
struct GpuSetup {
    std::string gpu;  // UUID or PCI address; empty: the only one
    std::vector<Cubin> texts;
    std::vector<Cubin> cubins;
    std::string image;  // its name, for people
    const Manifest* manifest = nullptr;
    EngineState* state = nullptr;
    std::string target;
    seal::OomScore oom_score = seal::OomScore::lowest;
};

// The target as the other process had it when it found the kernel there.
struct FoundTarget {
    Access access = Access::look;
    Mapping::Origin origin;
    uint64_t start = 0;  // where it was mapped
    uint64_t size = 0;
};

class GpuHost {
  public:
    explicit GpuHost(const GpuSetup& setup) : setup_(setup) {}

    // Each says what there is to say.
    Result<std::string> claim();
    Result<std::string> self_test();
    // The card gets the target's memory, this process loses it, and the loop turns.
    Result<std::string> launch(const FoundTarget& found);

    bool pins_read_only() const { return claim_->device().registers_read_only; }

    // Seals what is left and stops this process (SIGSTOP), again and again whoever continues it.
    // Comes back where that cannot be done.
    static void stand_still();

  private:
    Orders orders_for(const EngineState& state) const;

    const GpuSetup& setup_;
    ClaimPointer claim_;
    std::shared_ptr<const Program> program_;
    Target target_;
    std::unique_ptr<CudaEngine> engine_;
};

}  // namespace defib::boot::cuda

#endif
