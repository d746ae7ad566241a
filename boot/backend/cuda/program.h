// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The GPU program: loaded, and ready to be started with as many warps as the GPU holds at once.
#ifndef DEFIB_BOOT_BACKEND_CUDA_PROGRAM_H
#define DEFIB_BOOT_BACKEND_CUDA_PROGRAM_H

#include <span>

#include "boot/backend/cuda/claim.h"

namespace defib::boot::cuda {

// Machine code of one generation of cards: it runs on that one and on later ones of its major
// number.
struct Cubin {
    int major;
    int minor;
    std::string_view bytes;
};

struct Program {
    Module module;
    CUfunc_st* entry = nullptr;
    unsigned blocks = 0;           // one for each multiprocessor; the first is the loop's
    unsigned warps = 0;            // of each block
    const Cubin* cubin = nullptr;  // what it was loaded from; null: the text, which took a minute
};

// The engine for a GPU, in all forms that there are.
struct GpuCode {
    std::string_view text = {};          // PTX, which the driver compiles; from Turing (7.5) on
    std::span<const Cubin> cubins = {};  // ready ones
    std::string_view older_text = {};    // PTX for cards before Turing
};

// The cubin that this card would run best; null: none fits.
const Cubin* cubin_for(std::span<const Cubin> cubins, const Device& device);

// The text that is for this card.
std::string_view text_for(const GpuCode& code, const Device& device);

// A cubin where one fits and the driver takes it, else the text.
Result<Program> load_program(const ClaimPointer& claim, const GpuCode& code);

// That very code: a text or a cubin.
Result<Program> load_program(const ClaimPointer& claim, std::string_view code);

}  // namespace defib::boot::cuda

#endif
