// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/with_libraries.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/lab/host_program.h"

namespace defib::faults {
namespace {

namespace fs = std::filesystem;

Result<void> push(lab::Guest& guest, const std::string& from, const std::string& path) {
    auto made = guest.run({"mkdir", "-p", fs::path(path).parent_path()});
    if (!made) return std::unexpected(made.error());
    return guest.push_file(from, path);
}

// What is for a debugger is five sixths of a program of ours, and the way into a guest is slow.
Result<void> push_stripped(lab::Guest& guest, const std::string& program) {
    const fs::path copy =
        fs::temp_directory_path() /
        fmt::format("defib-stripped-{}-{}", ::getpid(), fs::path(program).filename().string());
    auto stripped = lab::run_host_program({"strip", "-s", program, "-o", copy.string()});
    if (!stripped) return std::unexpected(stripped.error());
    auto pushed = push(guest, copy, program);
    std::error_code ignored;
    fs::remove(copy, ignored);
    return pushed;
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
        if (auto pushed = push(guest, library, library); !pushed) return pushed;
    }
    return push_stripped(guest, program);
}

}  // namespace defib::faults
