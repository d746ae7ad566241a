// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace defib::boot::cuda {
namespace {

constexpr const char* LIBRARY = "libcuda.so.1";
constexpr const char* WITHOUT = "use --backend cpu, or install NVIDIA's driver";

}  // namespace

Result<Driver> Driver::open() {
    void* library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, LIBRARY, "this machine has no such library", WITHOUT);
    }
    Driver driver;
#define DEFIB_CUDA_LOAD(member, name, suffix, ...)                                              \
    driver.api_.member = reinterpret_cast<Call<__VA_ARGS__>>(dlsym(library, #name suffix));     \
    if (driver.api_.member == nullptr) {                                                        \
        return fail(DEFIB_ERROR_BOOT_ENGINE, LIBRARY, "it is too old: it has no " #name suffix, \
                    WITHOUT);                                                                   \
    }
    DEFIB_CUDA_CALLS(DEFIB_CUDA_LOAD)
#undef DEFIB_CUDA_LOAD
    const Status status = driver.api_.init(0);
    if (status != SUCCESS) {
        return driver.failed(status, LIBRARY, "the driver does not start", WITHOUT);
    }
    return driver;
}

std::unexpected<Error> Driver::failed(Status status, std::string object, const std::string& what,
                                      std::string advice) const {
    return fail(DEFIB_ERROR_BOOT_ENGINE, std::move(object),
                fmt::format("{}: {}", what, text_of(status)), std::move(advice));
}

std::string Driver::text_of(Status status) const {
    const char* name = nullptr;
    const char* text = nullptr;
    api_.get_error_name(status, &name);
    api_.get_error_string(status, &text);
    if (name == nullptr || text == nullptr) return fmt::format("driver error {}", status);
    return fmt::format("{} ({})", text, name);
}

}  // namespace defib::boot::cuda
