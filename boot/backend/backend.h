// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who runs the engine. `automatic` takes the GPU where there is one that can, and this processor
// otherwise; a backend that was asked for by name is taken, or the error says why it cannot be.
#ifndef DEFIB_BOOT_BACKEND_BACKEND_H
#define DEFIB_BOOT_BACKEND_BACKEND_H

#include <memory>
#include <span>
#include <string>

#include "boot/backend/cuda/program.h"
#include "boot/backend/engine.h"
#include "boot/binder/bind.h"
#include "engine/base/file.h"

namespace defib::boot {

enum class Backend : uint8_t { automatic, cuda, cpu };

struct BackendChoice {
    Backend backend = Backend::cpu;
    std::string gpu = {};  // UUID or PCI address; empty: the only one
};

// What an engine is started for.
struct EngineTarget {
    const DefibWindow& window;
    const DefibKernelMap& map;
    const Bound& bound;
    bool is_live = true;               // else a dump, which does not change
    bool may_write = false;            // this process's mapping of it
    std::span<const Bytes> data = {};  // a dump's content, without its holes
};

Result<std::unique_ptr<Engine>> start_engine(const BackendChoice& choice,
                                             const EngineTarget& target,
                                             const cuda::GpuCode& gpu_code);

}  // namespace defib::boot

#endif
