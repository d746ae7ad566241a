// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/build_module.h"

#include <cstdlib>

#include "tests/lab/host_program.h"

namespace defib::lab {

std::optional<std::filesystem::path> prebuilt() {
    const char* folder = std::getenv("DEFIB_FAULTS_PREBUILT");
    if (folder == nullptr || *folder == 0) return std::nullopt;
    return std::filesystem::path(folder);
}

Result<std::filesystem::path> build_module(const std::filesystem::path& sources,
                                           const Kernel& kernel, const std::filesystem::path& into,
                                           const std::vector<std::string>& beside) {
    std::vector<std::string> argv{DEFIB_BUILD_MODULE, sources.string(), kernel.headers().string(),
                                  (into / kernel.release).string()};
    argv.insert(argv.end(), beside.begin(), beside.end());
    auto path = run_host_program(argv);
    if (!path) return std::unexpected(path.error());
    while (path->ends_with('\n')) path->pop_back();
    return std::filesystem::path(*path);
}

}  // namespace defib::lab
