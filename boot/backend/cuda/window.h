// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The target's memory, as a GPU sees it.
//
// A live machine's RAM is registered with the driver: it stays where it is, is pinned, and the GPU
// reads and writes it over the bus. That makes a sparse RAM file whole, since every page gets its
// place. A dump does not change, so it is copied into the GPU's own memory, data only.
#ifndef DEFIB_BOOT_BACKEND_CUDA_WINDOW_H
#define DEFIB_BOOT_BACKEND_CUDA_WINDOW_H

#include <span>
#include <vector>

#include "boot/backend/cuda/claim.h"
#include "engine/abi/window.h"
#include "engine/base/file.h"

namespace defib::boot::cuda {

// The ranges' backend addresses are the GPU's.
struct SeenWindow {
    DefibWindow window{};
    std::vector<Registration> registrations;
    std::vector<DeviceMemory> copies;
};

// What lies behind a mapping, to the driver.
enum class Backing : uint8_t {
    pages,   // of a file or of a process: they are pinned
    frames,  // no pages at all, as the kernel module's window has it (kernel-hooks/window.c)
};

// `may_write`: the mapping is one that may be written to. Else the driver has to know a way to pin
// what may only be read; where it does not, the error is DEFIB_ERROR_BASE_OUT_OF_MEMORY.
Result<SeenWindow> register_window(const ClaimPointer& claim, const DefibWindow& window,
                                   bool may_write, Backing backing = Backing::pages);

// `data`: the stretches of this process's memory that are no holes.
Result<SeenWindow> copy_window(const ClaimPointer& claim, const DefibWindow& window,
                               std::span<const Bytes> data);

}  // namespace defib::boot::cuda

#endif
