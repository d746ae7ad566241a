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

bool has_fences(const Device& device) {
    return device.major >= 7;
}

}  // namespace

Result<Program> load_program(const ClaimPointer& claim, std::string_view code) {
    const DriverApi& api = claim->api();
    const std::string text(code);  // ends with a zero, which the driver looks for
    std::array<char, 8192> log{};
    std::array options = {JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES, JIT_MAX_REGISTERS,
                          JIT_CACHE_MODE};
    std::array<void*, 4> values = {log.data(), std::bit_cast<void*>(log.size()),
                                   std::bit_cast<void*>(MOST_REGISTERS),
                                   std::bit_cast<void*>(JIT_CACHE_OPTION_CG)};
    // A fence makes a multiprocessor forget what its first level cache holds from 7.0 on; before,
    // it must hold nothing that another one may write.
    const size_t count = options.size() - (has_fences(claim->device()) ? 1 : 0);
    CUmod_st* module = nullptr;
    const Status loaded = api.module_load(&module, text.c_str(), static_cast<unsigned>(count),
                                          options.data(), values.data());
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

std::string_view text_for(const GpuCode& code, const Device& device) {
    return device.major * 10 + device.minor < 75 ? code.older_text : code.text;
}

Result<Program> load_program(const ClaimPointer& claim, const GpuCode& code) {
    const std::string_view text = text_for(code, claim->device());
    if (const Cubin* cubin = cubin_for(code.cubins, claim->device())) {
        auto ready = load_program(claim, cubin->bytes);
        // A driver that is older than the assembler may not know its form.
        if (ready) ready->cubin = cubin;
        if (ready || text.empty()) return ready;
    }
    if (text.empty()) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, claim->device().id(),
                    "no program for a card of its age comes along",
                    "use an image with one, or another card");
    }
    return load_program(claim, text);
}

}  // namespace defib::boot::cuda
