// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/with_libraries.h"

#include <filesystem>
#include <sstream>

#include "tests/lab/host_program.h"

namespace defib::faults {
namespace {

Result<void> push(lab::Guest& guest, const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path();
    auto made = guest.run({"mkdir", "-p", folder});
    if (!made) return std::unexpected(made.error());
    return guest.push_file(path, path);
}

}  // namespace

// "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...)", or "/lib64/ld-linux-x86-64.so.2 (0x...)".
std::vector<std::string> libraries_in(const std::string& ldd_output) {
    std::istringstream words(ldd_output);
    std::vector<std::string> paths;
    for (std::string word; words >> word;) {
        if (word.starts_with('/')) paths.push_back(word);
    }
    return paths;
}

Result<void> push_with_libraries(lab::Guest& guest, const std::string& program) {
    if (!std::filesystem::exists(program)) {
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, program, {}, "apt-get install stress-ng");
    }
    auto listed = lab::run_host_program({"ldd", program});
    if (!listed) return std::unexpected(listed.error());
    for (const std::string& library : libraries_in(*listed)) {
        if (auto pushed = push(guest, library); !pushed) return pushed;
    }
    return push(guest, program);
}

}  // namespace defib::faults
