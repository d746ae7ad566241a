// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Input and output are files in memory, not pipes: the child can then write as much as it likes
// while nobody reads, and no order of reads and writes can make the two wait for each other.
#include "engine/base/tool.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "engine/base/unique_fd.h"

namespace defib {
namespace {

UniqueFd memory_file(const char* name) {
    return UniqueFd(::memfd_create(name, MFD_CLOEXEC));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) text.remove_prefix(static_cast<size_t>(n));
    }
    return ::lseek(fd, 0, SEEK_SET) == 0;
}

std::string read_back(int fd) {
    const off_t size = ::lseek(fd, 0, SEEK_END);
    std::string text(size > 0 ? static_cast<size_t>(size) : 0, '\0');
    size_t have = 0;
    while (have < text.size()) {
        const ssize_t n =
            ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += static_cast<size_t>(n);
    }
    text.resize(have);
    return text;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return 127;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The child's messages are parsed, so they must not be in the user's language or in colour.
std::vector<char*> plain_environment() {
    static char locale[] = "LC_ALL=C";
    std::vector<char*> environment{locale};
    for (char** entry = environ; *entry; ++entry) {
        if (!std::string_view(*entry).starts_with("LC_ALL=")) environment.push_back(*entry);
    }
    environment.push_back(nullptr);
    return environment;
}

}  // namespace

Result<ToolOutput> run_tool(std::span<const char* const> programs,
                            const std::vector<std::string>& arguments, std::string_view input) {
    const std::array files = {memory_file("input"), memory_file("output"), memory_file("errors")};
    for (const UniqueFd& file : files) {
        if (!file.is_open()) {
            return fail(DEFIB_ERROR_BASE_TOOL_FAILED, programs.front(), "no memory for its output");
        }
    }
    if (!write_all(files[0].get(), input)) {
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, programs.front(), "no memory for its input");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; ++fd) {
        ::posix_spawn_file_actions_adddup2(&actions, files[static_cast<size_t>(fd)].get(), fd);
    }
    std::vector<char*> environment = plain_environment();
    pid_t child = -1;
    int failure = ENOENT;
    for (const char* program : programs) {
        std::vector<char*> argv{const_cast<char*>(program)};
        for (const std::string& argument : arguments) {
            argv.push_back(const_cast<char*>(argument.c_str()));
        }
        argv.push_back(nullptr);
        failure =
            ::posix_spawnp(&child, program, &actions, nullptr, argv.data(), environment.data());
        if (failure != ENOENT) break;
    }
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure == ENOENT) {
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, programs.front(), "not found in PATH",
                    "install it: apt-get install " + std::string(programs.front()));
    }
    if (failure != 0) {
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, programs.front(),
                    std::generic_category().message(failure));
    }
    ToolOutput result;
    result.exit_status = wait_for(child);
    result.output = read_back(files[1].get());
    result.errors = read_back(files[2].get());
    return result;
}

}  // namespace defib
