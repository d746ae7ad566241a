// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/program.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "engine/abi/team.h"

namespace defib::boot::cuda {
namespace {

constexpr const char* ENTRY = "defib_engine";
constexpr unsigned MOST_WARPS = 16;
// So that as many warps as that find room for their registers (65536 of a multiprocessor).
constexpr uintptr_t MOST_REGISTERS = 128;

}  // namespace

Result<Program> load_program(const ClaimPointer& claim, std::string_view code) {
    const DriverApi& api = claim->api();
    const std::string text(code);  // ends with a zero, which the driver looks for
    std::array<char, 8192> log{};
    std::array options = {JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES, JIT_MAX_REGISTERS};
    std::array<void*, 3> values = {log.data(), std::bit_cast<void*>(log.size()),
                                   std::bit_cast<void*>(MOST_REGISTERS)};
    CUmod_st* module = nullptr;
    const Status loaded =
        api.module_load(&module, text.c_str(), options.size(), options.data(), values.data());
    if (loaded != SUCCESS) {
        return claim->failed(loaded,
                             "the driver does not take the engine" +
                                 (log[0] == 0 ? std::string() : ": " + std::string(log.data())),
                             "install a newer driver");
    }
    Program program;
    program.module = Module(claim, module);
    int threads = 0;
    Status status = api.module_get_function(&program.entry, module, ENTRY);
    if (status == SUCCESS) {
        status =
            api.function_get_attribute(&threads, FUNCTION_MAX_THREADS_PER_BLOCK, program.entry);
    }
    if (status != SUCCESS) return claim->failed(status, "the engine has no entry");
    program.blocks = static_cast<unsigned>(claim->device().multiprocessors);
    program.warps = std::clamp(static_cast<unsigned>(threads) / DEFIB_LANES, 1U, MOST_WARPS);
    return program;
}

const Cubin* cubin_for(std::span<const Cubin> cubins, const Device& device) {
    const Cubin* best = nullptr;
    for (const Cubin& cubin : cubins) {
        if (cubin.major != device.major || cubin.minor > device.minor) continue;
        if (best == nullptr || cubin.minor > best->minor) best = &cubin;
    }
    return best;
}

Result<Program> load_program(const ClaimPointer& claim, const GpuCode& code) {
    if (const Cubin* cubin = cubin_for(code.cubins, claim->device())) {
        auto ready = load_program(claim, cubin->bytes);
        // A driver that is older than the assembler may not know its form.
        if (ready || code.text.empty()) return ready;
    }
    return load_program(claim, code.text);
}

}  // namespace defib::boot::cuda
