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
    const auto cubins = boot::routine_set().gpu_code.cubins;
    const auto* cubin = boot::cuda::cubin_for(cubins, (*claim)->device());
    if (cubin == nullptr) {
        suite.add("machine code for this card", "none", "the driver compiles the text");
        return {};
    }
    const auto ready = load_ms(*claim, cubin->bytes);
    if (!ready) return std::unexpected(ready.error());
    suite.add("the engine, as machine code for this card, loaded", fmt::format("{:.1f} ms", *ready),
              fmt::format("{} KB", cubin->bytes.size() >> 10));
    return {};
}

Result<void> compile(Suite& suite) {
    const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
    if (!claim) return std::unexpected(claim.error());
    const std::string_view text = boot::routine_set().gpu_code.text;
    const auto compiled = load_ms(*claim, text);
    if (!compiled) return std::unexpected(compiled.error());
    const auto cached = load_ms(*claim, text);
    if (!cached) return std::unexpected(cached.error());
    suite.add("the engine's PTX, compiled by the driver", fmt::format("{:.0f} ms", *compiled),
              fmt::format("out of the driver's cache {:.0f} ms", *cached));
    return {};
}

}  // namespace

void measure_start(Suite& suite) {
    if (suite.backend.backend != boot::Backend::cuda) return;
    if (const auto done = measure(suite); !done) suite.fail_with("start", done.error());
}

void measure_compilation(Suite& suite) {
    if (suite.backend.backend != boot::Backend::cuda) return;
    if (const auto done = compile(suite); !done) suite.fail_with("the PTX", done.error());
}

}  // namespace defib::gpu
