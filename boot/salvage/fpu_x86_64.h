// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What XSAVE, XSAVES or FXSAVE left of a thread's floating point and vector registers, in the forms
// that a core has (Intel SDM, volume 1, chapters 10.5 and 13.4).
#ifndef DEFIB_BOOT_SALVAGE_FPU_X86_64_H
#define DEFIB_BOOT_SALVAGE_FPU_X86_64_H

#include <array>
#include <vector>

#include "engine/base/file.h"

namespace defib::boot {

struct FpuState {
    std::array<std::byte, 512> legacy{};  // x87 and SSE, as FXSAVE writes it
    std::vector<std::byte> extended;      // the standard form of XSAVE; empty: there is none
    bool is_cut = false;                  // of what was in use something is left out
};

// `features` are those that programs may use (XCR0). At least 512 bytes.
FpuState unpack_fpu(Bytes saved, uint64_t features);

}  // namespace defib::boot

#endif
