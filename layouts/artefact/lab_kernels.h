// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: the kernels that tests/lab/fetch_kernels put into the cache.
#ifndef DEFIB_LAYOUTS_ARTEFACT_LAB_KERNELS_H
#define DEFIB_LAYOUTS_ARTEFACT_LAB_KERNELS_H

#include <cstdlib>
#include <filesystem>
#include <string>

namespace defib::layouts {

// The folder of "6.1", "6.12-cloud" ...
inline std::filesystem::path lab_kernel(const std::string& kernel) {
    const auto variable = [](const char* name) -> std::filesystem::path {
        const char* value = std::getenv(name);
        return value ? value : "";
    };
    std::filesystem::path cache = variable("DEFIB_CACHE");
    if (cache.empty() && !variable("XDG_CACHE_HOME").empty()) {
        cache = variable("XDG_CACHE_HOME") / "defib";
    }
    if (cache.empty()) cache = variable("HOME") / ".cache" / "defib";
    return cache / "kernels" / kernel;
}

// Empty if the cache has none.
inline std::filesystem::path lab_vmlinuz(const std::string& kernel) {
    std::error_code ignored;
    const auto boot = lab_kernel(kernel) / "root" / "boot";
    for (const auto& entry : std::filesystem::directory_iterator(boot, ignored)) {
        if (entry.path().filename().string().starts_with("vmlinuz-")) return entry.path();
    }
    return {};
}

}  // namespace defib::layouts

#endif
