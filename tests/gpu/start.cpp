// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How long an engine takes to start on the GPU, by its parts.
#include <fmt/format.h>

#include "boot/backend/cuda/program.h"
#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

Result<double> load_ms(const boot::cuda::ClaimPointer& claim, std::string_view code) {
    const auto begun = Clock::now();
    const auto program = boot::cuda::load_program(claim, code);
    if (!program) return std::unexpected(program.error());
    return ms_since(begun);
}

Result<void> measure(Suite& suite) {
    const auto begun = Clock::now();
    const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
    if (!claim) return std::unexpected(claim.error());
    suite.add("the driver starts, and the GPU is claimed",
              fmt::format("{:.0f} ms", ms_since(begun)));
    const auto compiled = load_ms(*claim, boot::routine_set().gpu_code);
    if (!compiled) return std::unexpected(compiled.error());
    const auto cached = load_ms(*claim, boot::routine_set().gpu_code);
    if (!cached) return std::unexpected(cached.error());
    suite.add("the engine's PTX, compiled by the driver", fmt::format("{:.0f} ms", *compiled),
              fmt::format("out of the driver's cache {:.0f} ms", *cached));
    if (suite.code.empty()) return {};
    const auto ready = load_ms(*claim, suite.code);
    if (!ready) return std::unexpected(ready.error());
    suite.add("the same as a ready cubin", fmt::format("{:.1f} ms", *ready));
    return {};
}

}  // namespace

void measure_start(Suite& suite) {
    if (suite.backend.backend != boot::Backend::cuda) return;
    if (const auto done = measure(suite); !done) suite.fail_with("start", done.error());
}

}  // namespace defib::gpu
