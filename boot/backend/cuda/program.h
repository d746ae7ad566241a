// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The GPU program: loaded, and ready to be started with as many warps as the GPU holds at once.
#ifndef DEFIB_BOOT_BACKEND_CUDA_PROGRAM_H
#define DEFIB_BOOT_BACKEND_CUDA_PROGRAM_H

#include "boot/backend/cuda/claim.h"

namespace defib::boot::cuda {

struct Program {
    Module module;
    CUfunc_st* entry = nullptr;
    unsigned blocks = 0;  // one for each multiprocessor; the first is the loop's
    unsigned warps = 0;   // of each block
};

// `code`: PTX, which the driver compiles, or a ready cubin.
Result<Program> load_program(const ClaimPointer& claim, std::string_view code);

}  // namespace defib::boot::cuda

#endif
