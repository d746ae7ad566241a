// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_GPU_LIMITS_H
#define DEFIB_TESTS_GPU_LIMITS_H

#include <vector>

#include "boot/backend/cuda/claim.h"
#include "boot/backend/cuda/window.h"
#include "engine/abi/target.h"
#include "tests/gpu/limits_abi.h"

namespace defib::gpu {

// The limits of this GPU at this target's memory. While an engine runs there is no room for them.
class Limits {
  public:
    static Result<Limits> start(const boot::cuda::ClaimPointer& claim);

    // Chunks of that many bytes (16, 32 ... or a multiple of 512) a second, from the largest range.
    Result<double> chunks_a_second(const DefibWindow& window, uint32_t bytes) const;

    struct Walk {
        uint64_t objects = 0;
        double us = 0;
    };
    // Along a list of the kernel, from the member of one object at `first` around to it again.
    Result<Walk> walk(const DefibWindow& window, const DefibKernelMap& map, uint64_t first,
                      uint64_t field_offset) const;

    // What one thread pays for what, by enum LimitsPaceOf.
    Result<std::vector<LimitsPace>> paces() const;

    // From this processor to the GPU and back: the median of many.
    Result<double> round_trip_us() const;

  private:
    explicit Limits(boot::cuda::ClaimPointer claim) : claim_(std::move(claim)) {}
    Result<double> run_us(const char* name, unsigned blocks, unsigned threads,
                          void** arguments) const;

    boot::cuda::ClaimPointer claim_;
    boot::cuda::Module module_;
    boot::cuda::Stream stream_;
};

}  // namespace defib::gpu

#endif
