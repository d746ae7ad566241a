// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/kernels.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "tests/lab/host_program.h"

namespace defib::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view NAMES[] = {"6.1",  "6.1-cloud",  "6.1-rt",
                                      "6.12", "6.12-cloud", "6.12-rt"};

// As fetch_kernels has it.
fs::path cache_folder() {
    if (const char* own = std::getenv("DEFIB_CACHE"); own && *own) return fs::path(own) / "kernels";
    if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg) {
        return fs::path(xdg) / "defib/kernels";
    }
    const char* home = std::getenv("HOME");
    return fs::path(home ? home : "/") / ".cache/defib/kernels";
}

std::optional<Kernel> look_up(std::string_view name) {
    std::error_code error;
    const fs::path release = fs::read_symlink(cache_folder() / name, error);
    if (error) return std::nullopt;
    Kernel kernel{std::string(name), release.filename().string(), cache_folder() / release};
    // fetch_kernels marks a folder only once all of it is there.
    if (!fs::exists(kernel.folder / "complete", error)) return std::nullopt;
    return kernel;
}

}  // namespace

std::span<const std::string_view> kernel_names() {
    return NAMES;
}

std::vector<Kernel> cached_kernels() {
    std::vector<Kernel> kernels;
    for (const std::string_view name : NAMES) {
        if (auto kernel = look_up(name)) kernels.push_back(*kernel);
    }
    return kernels;
}

Result<Kernel> find_kernel(std::string_view name) {
    if (std::ranges::find(NAMES, name) == std::end(NAMES)) {
        std::string known;
        for (const std::string_view each : NAMES) known += " " + std::string(each);
        return fail(DEFIB_ERROR_LAB_NO_KERNEL, std::string(name), "not a kernel of the lab",
                    "there are" + known);
    }
    if (auto kernel = look_up(name)) return *kernel;
    if (auto fetched = run_host_program({DEFIB_FETCH_KERNELS, std::string(name)}); !fetched) {
        return fail(DEFIB_ERROR_LAB_NO_KERNEL, std::string(name), fetched.error().detail,
                    "run ./dev kernels");
    }
    if (auto kernel = look_up(name)) return *kernel;
    return fail(DEFIB_ERROR_LAB_NO_KERNEL, std::string(name), "not in " + cache_folder().string(),
                "run ./dev kernels");
}

}  // namespace defib::lab
